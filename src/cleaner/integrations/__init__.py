"""The kernel in the pipelines that people already run; each module needs the extra of its name."""
