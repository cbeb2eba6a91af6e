# Two commands do all the set-up on a fresh machine (Debian, Python >= 3.11 with venv, make):
#   make demo    clean the sample pages: summary, and one diff
#   make test    the tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-adapters test-browser test-formats test-ray test-spark check floors golden train clean-env help
.DEFAULT_GOAL := help

help:
	@echo "make demo    clean the sample pages of raw/ into clean/, show the summary and a diff"
	@echo "make test    run the tests"
	@echo "make test-browser  the tests of HTML reports and of --render, in the Chromium of the system (Debian: apt install chromium)"
	@echo "make test-formats  the tests of Parquet, Arrow and Zstandard, with the extra that they need"
	@echo "make test-adapters  the tests of the adapters, each with the package that it plugs into"
	@echo "make test-ray, make test-spark  the tests of the engines, with the extras that they need (Spark: Java 17)"
	@echo "make golden  make clean/ anew, for the test that compares it"
	@echo "make check   ruff, mypy (strict), layers"
	@echo "make train   train the scorer anew on the corpus, and report cross-validated figures"
	@echo "make floors  measure quality on the corpus (CLEANER_CORPUS) against the pinned figures"

demo: $(VENV)/.installed
	$(BIN)/cleaner clean raw -o clean
	$(BIN)/cleaner diff raw/ntd.com/lamp.txt

golden: $(VENV)/.installed
	rm -rf clean
	$(BIN)/cleaner clean raw -o clean

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -q $(PYTEST_ARGS)

test-browser: $(VENV)/.installed-browser
	CLEANER_NEED_BROWSER=1 $(BIN)/python -m pytest -q tests/test_html_report.py tests/test_report.py tests/test_fetch_render.py

test-formats: $(VENV)/.installed-formats
	CLEANER_NEED_FORMATS=1 $(BIN)/python -m pytest -q tests/test_arrow.py tests/test_sinks.py tests/test_readers.py tests/test_shards.py

test-ray: $(VENV)/.installed-ray
	CLEANER_NEED_RAY=1 $(BIN)/python -m pytest -q tests/test_ray.py

test-spark: $(VENV)/.installed-spark
	CLEANER_NEED_SPARK=1 $(BIN)/python -m pytest -q tests/test_spark.py

test-adapters: $(VENV)/.installed-adapters
	CLEANER_NEED_ADAPTERS=1 $(BIN)/python -m pytest -q tests/test_adapters.py

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

floors: $(VENV)/.installed-bench
	$(BIN)/python bench/quality.py --systems cleaner:generic --input html,dump-html_text,dump-leaky --floors bench/floors.json
	$(BIN)/python bench/packs.py --input html,dump-html_text --limit 0.0002

train: $(VENV)/.installed-train
	$(BIN)/python bench/train.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cleaner needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=python3.12, say."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

# What a target needs besides: the extra of its name, and, for tests, that of the tests.
EXTRAS_adapters := test,formats,scrapy,datatrove,langchain,datasets
EXTRAS_browser := test,browser
EXTRAS_dev := test,dev
EXTRAS_formats := test,formats
EXTRAS_ray := test,ray
EXTRAS_spark := test,spark

$(VENV)/.installed-%: $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[$(or $(EXTRAS_$*),$*)]'
	@touch $@

clean-env:
	rm -rf $(VENV)
