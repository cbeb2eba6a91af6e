"""Words that pages state metadata with, in the languages of our rule packs: data for the modules beside it.

Lists are written as text, terms apart by semicolons, because that is how they are read and mended.
"""

from __future__ import annotations

from cleaner.text import fold, fold_phrase

__all__ = [
    "AGENCIES",
    "AGENCY_SIGNS",
    "BESIDE_DATE",
    "BYLINES",
    "CONJUNCTIONS",
    "DEGREES",
    "FURNITURE",
    "MODIFIED",
    "NOBODY",
    "PARTICLES",
    "PICTURE",
    "RIGHTS_RESERVED",
    "ROLE",
    "SOURCE",
    "SUPPLIERS",
]


def _terms(text: str) -> list[str]:
    return [term for term in (part.strip() for part in text.replace("\n", " ").split(";")) if term]


# --- people and organisations ---------------------------------------------------------------------------------------

AGENCIES = frozenset(
    map(
        fold,
        _terms("""
    Reuters; Thomson Reuters; Associated Press; The Associated Press; AFP; Agence France-Presse; Agence France Presse;
    dpa; Deutsche Presse-Agentur; APA; Austria Presse Agentur; SDA; Keystone-SDA; ATS; Keystone-ATS; EFE; Agencia EFE;
    Europa Press; ANSA; AdnKronos; Agenzia Nova; Lusa; Agência Lusa; Agência Brasil; TASS; ITAR-TASS; Interfax;
    Interfax-Ukraine; Ukrinform; RIA Novosti; Xinhua; Kyodo; Kyodo News; Jiji Press; Yonhap; Yonhap News;
    Press Trust of India; IANS; Bernama; Antara; United Press International; Bloomberg News; Belga; ANP; NTB; Ritzau;
    STT; Polska Agencja Prasowa; ČTK; TASR; MTI; Agerpres; Tanjug; Anadolu Ajansı; Anadolu Agency; İHA; DHA;
    Demirören Haber Ajansı; Australian Associated Press; Press Association; PA Media; The Canadian Press;
    Canadian Press; La Presse canadienne; epd; KNA; dpa-AFX; awp; Dow Jones Newswires; Baltic News Service; ELTA; LETA;
    Agencia Télam; Télam; Notimex; 共同通信; 時事通信; 新華社; 中央社; 연합뉴스; 뉴시스; 뉴스1
    """),
    )
)
"""Wire services, folded."""

AGENCY_SIGNS = frozenset(_terms("AP; PA; AA; SID; UPI; PTI; ANI; TT; PAP; CP; AAP; CTK; BNS; CNA; EP"))
"""Wire services whose signs are words besides: they count only as printed here."""

SUPPLIERS = frozenset(
    _terms("""
    getty images; getty; istock; istockphoto; shutterstock; alamy; imago; imago images; picture alliance; unsplash;
    pexels; pixabay; adobe stock; stock.adobe.com; adobestock; depositphotos; dreamstime; 123rf; fotolia; epa; epa-efe;
    ap photo; sipa; sipa usa; zuma; zuma press; nurphoto; action images; imagn images; usa today sports; keystone;
    scanpix; lehtikuva; hollandse hoogte; wikimedia commons; wikimedia; wikipedia; flickr; bloomberg; rex; rex features;
    eyevine; magnum photos; pool; handout; lightrocket; corbis; redux; ullstein bild; akg-images; sopa images;
    middle east images; newscom; pa wire; pa images; tt nyhetsbyrån; bildbyrån; abaca; abacapress; hans lucas;
    mary evans; splash news; backgrid; wireimage; afp photo
    """)
)
"""Who supplies pictures besides the wire services, folded: enough to know a credit line by."""

BYLINES: dict[str, frozenset[str]] = {
    phrase: frozenset(languages.split())
    for languages, phrases in {
        "": "by; written by; words by; story by; posted by; reported by; reporting by; author; authors; autor; autoren;"
        "autorin; auteur; autorka; penulis; yazan; автор; автори; авторы; írta; szerző",
        "de": "von; text von; ein kommentar von; ein gastbeitrag von; eine analyse von; ein interview von",
        "fr": "par; propos recueillis par",
        "es pt gl": "por; escrito por",
        "it": "di; a cura di",
        "nl af": "door",
        "da": "af",
        "sv no nb nn": "av",
        "ca": "per",
        "pl": "przez",
        "id ms": "oleh",
        "da no nb nn pl nl": "tekst",
    }.items()
    for phrase in _terms(phrases)
}
"""Words before a name -> the languages that use them so; none where no other reading is likely."""

CONJUNCTIONS: dict[str | None, str] = {
    None: "and|und|et|y|og|och|ve",
    "en": "and",
    "de": "und|and",
    "fr": "et|and",
    "es": "y|e|and",
    "pt": "e|and",
    "it": "e|ed|and",
    "nl": "en|and",
    "da": "og|and",
    "no": "og|and",
    "nb": "og|and",
    "nn": "og|and",
    "sv": "och|and",
    "pl": "i|oraz|and",
    "cs": "a|and",
    "sk": "a|and",
    "tr": "ve|and",
    "id": "dan|and",
    "uk": "та|і|й",
    "ru": "и",
    "hu": "és|and",
    "fi": "ja|and",
    "ca": "i|and",
    "ro": "și|şi|and",
}
"""Language -> the "and" between two names, as alternatives of a pattern; None: where the page declares no language."""

ROLE = "|".join(
    _terms("""
    editor; reporter; correspondent; writer; columnist; contributor; journalist; producer; analyst; fellow; professor;
    director; photographer; intern; redakteur; redakteurin; korrespondent; korrespondentin; volontär; volontärin;
    chefredakteur; reporterin; redactor; redactora; corresponsal; periodista; journaliste; correspondant;
    correspondante; envoyé spécial; envoyée spéciale; giornalista; corrispondente; inviato; jornalista; redacteur;
    verslaggever; toimittaja
    """)
)
"""What an author is rather than who: the last word of such a phrase, as alternatives of a pattern."""

DEGREES = frozenset(_terms("md; phd; ph.d; jd; mba; ma; msc; rn; jr; sr; esq"))

NOBODY = frozenset(
    _terms("""
    admin; administrator; null; none; undefined; unknown; n/a; na; author; authors; autor; user; anonymous; webmaster;
    default; editor; editors; no author; staff writer; guest author; super user
    """)
)
"""What systems fill in where an author is missing, folded."""

PARTICLES = frozenset(
    _terms("""
    a; al; and; ap; ash; at; bin; bint; da; das; de; del; dela; della; den; der; di; do; dos; du; e; el; en; et; i; ibn;
    la; las; le; los; of; og; och; ten; ter; the; und; van; vande; vander; ve; von; y; zu; zum; zur; abu; für; for; d';
    l'; 't
    """)
)
"""Parts of a name that need no capital."""

# --- dates ----------------------------------------------------------------------------------------------------------

MODIFIED = frozenset(
    _terms("""
    updated; update; modified; revised; edited; aktualisiert; aktualisierung; stand; geändert; bearbeitet; modifié;
    actualisé; jour; actualizado; actualizada; atualizado; atualizada; modificado; modificato; aggiornato;
    aggiornamento; bijgewerkt; gewijzigd; opdateret; oppdatert; uppdaterad; päivitetty; aktualizováno; aktualizacja;
    zaktualizowano; оновлено; обновлено; güncelleme; güncellendi; güncellenme; diperbarui; frissítve; 更新; 수정
    """)
)
"""Words that call a date the date of an update, folded."""

BESIDE_DATE = MODIFIED | frozenset(
    _terms("""
    published; publish; posted; created; first; last; date; on; at; the; of; am; pm; um; den; der; vom; von;
    veröffentlicht; erstellt; publiziert; erschienen; datum; uhr; publié; publiée; le; à; mis; mise; paru; el; la; las;
    los; a; día; publicado; publicada; fecha; em; às; data; pubblicato; pubblicata; il; alle; ore; del; dal;
    gepubliceerd; geplaatst; op; om; uur; publisert; publicerad; publiceret; udgivet; kl; klokken; julkaistu;
    publikováno; vydáno; dne; v; opublikowano; publikacji; dodano; o; godz; опубліковано; опубликовано; дата;
    yayınlanma; yayınlandı; tarihi; giriş; saat; diterbitkan; dipublikasikan; tanggal; pada; megjelent; 公開; 公開日;
    入力; 입력; 등록; min; mins; minute; minutes; read; reading; time; lesezeit; minuten; lecture; lectura; lettura
    """)
)
"""Words that may stand beside a date on a line that says nothing else, folded."""

# --- pictures -------------------------------------------------------------------------------------------------------

PICTURE = (
    r"photos?(?:graph(?:s|er|y|ie|e)?)?|pictures?|images?|pic|fotos?(?:graf(?:ie|ía|ia|o|en)?)?|bild(?:er)?|"
    r"immagin[ei]|imagen|imagem|beeld|billede|kuva|kép|zdjęcie|fot|фото|görsel|fotoğraf|gambar|ảnh|写真|사진|صورة"
)
SOURCE = (
    "source|quelle|fuente|fonte|bron|kilde|källa|lähde|źródło|zdroj|kaynak|sumber|nguồn|джерело|источник|"
    "出典|출처|المصدر"
)

# --- pages ----------------------------------------------------------------------------------------------------------

RIGHTS_RESERVED = "|".join(
    _terms("""
    all rights reserved; alle rechte vorbehalten; tous droits réservés; todos los derechos reservados;
    todos os direitos reservados; tutti i diritti riservati; alle rechten voorbehouden; alla rättigheter förbehållna;
    tüm hakları saklıdır; wszelkie prawa zastrzeżone; všechna práva vyhrazena; minden jog fenntartva
    """)
)

FURNITURE = frozenset(
    map(
        fold_phrase,
        _terms("""
    Connect with us; Hi, what are you looking for?; No time to read?; Get a summary; Skip to content;
    Skip to main content; Previous article; Next article; You may also like; Related articles; Most read; Most popular;
    Latest news; Breaking news; Leave a reply; Share this article; Sign up for our newsletter; Advertisement; Read more;
    Read next; Trending; Trending now; Subscribe to our newsletter; Follow us on; Share on Facebook; Table of contents;
    Listen to this article; Search for:; Jump to content; Zum Inhalt springen; Zum Hauptinhalt springen;
    Direkt zum Inhalt; Aller au contenu; Aller au contenu principal; Saltar al contenido; Ir al contenido principal;
    Vai al contenuto; Menu; Search; Home; Share; Log in; Sign in; Sign up; Subscribe; Comments; Close; Print; Email
    """),
    )
)
"""Standing lines of sites that are written like headlines or labels, folded as phrases."""
