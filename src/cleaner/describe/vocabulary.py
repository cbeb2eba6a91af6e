"""Words that pages state metadata with, in the languages of our rule packs: data for the modules beside it.

Lists are written as text, terms apart by semicolons, because that is how they are read and mended.
"""

from __future__ import annotations

import unicodedata

from cleaner.text import fold, fold_phrase

__all__ = [
    "AGENCIES",
    "AGENCY_SIGNS",
    "BESIDE_DATE",
    "BYLINES",
    "CONJUNCTIONS",
    "DEGREES",
    "DESKS",
    "FURNITURE",
    "MODIFIED",
    "MONTHS",
    "NOBODY",
    "OTHER_HANDS",
    "OTHER_HANDS_SIGNS",
    "PARTICLES",
    "PICTURE",
    "PUBLISHED",
    "RIGHTS_RESERVED",
    "ROLES",
    "SOURCE",
    "SUPPLIERS",
    "bare",
    "holds",
]


def _terms(text: str) -> list[str]:
    return [term for term in (part.strip() for part in text.replace("\n", " ").split(";")) if term]


def holds(text: str, signs: tuple[str, ...]) -> bool:
    """Whether `text` holds, in any case, one of `signs`, which are in lower case.

    Most lines of a page hold nothing that a pattern with many alternatives looks for. To try these at every place takes
    ten times as long as to look for what all of them hold.
    """
    text = text.lower()
    for sign in signs:  # noqa: SIM110  (twice as fast as any(), and asked of every short line)
        if sign in text:
            return True
    return False


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
        "": "by; written by; article by; article written by; authored by; words by; text by; story by; posted by;"
        "published by; reported by; reporting by; contributor; contributors; author; authors; the author;"
        "about the author; autor; autoren; autorin; auteur; autorka; penulis; yazan; автор; автори; авторы; írta;"
        "szerző",
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

ROLES = tuple(
    _terms("""
    editor; reporter; correspondent; writer; columnist; contributor; journalist; producer; analyst; fellow; professor;
    director; photographer; intern; expert; specialist; founder; ceo; manager; consultant; strategist; marketer;
    engineer; blogger; gardener; astrologer; redakteur; redakteurin; korrespondent; korrespondentin; volontär;
    volontärin; chefredakteur; reporterin; redactor; redactora; corresponsal; periodista; journaliste; correspondant;
    correspondante; envoyé spécial; envoyée spéciale; giornalista; corrispondente; inviato; jornalista; redacteur;
    verslaggever; toimittaja
    """)
)
"""What an author is rather than who: the last word of such a phrase, in lower case."""

_OTHER_WORK = "|".join(
    _terms("""
    reviewed; checked; fact.?checked; approved; verified; edited; translated; curated; photographed; illustrated;
    hosted; presented; narrated; produced; updated
    """)
)
OTHER_HANDS = "|".join(
    [
        rf"(?:(?:medically|legally|clinically|technically|expert|article|last) )?(?:{_OTHER_WORK}) by",
        *_terms("""
    photos? by; images? by; übersetzung; übersetzt von; aus dem; bearbeitet von; traduit par; traduction; traducido por;
    tradotto da
    """),
    ]
)
"""What else than writing people are named for, as alternatives of a pattern."""
OTHER_HANDS_SIGNS = (" by", " von", "aus dem", "übersetzung", "tradu", "tradotto")
"""Each of them holds one of these."""

DESKS = frozenset(
    _terms("""
    chief; senior; junior; lead; head; deputy; assistant; associate; managing; executive; contributing; special; staff;
    guest; freelance; political; politics; parliamentary; national; international; foreign; world; local; news; sports;
    sport; football; business; money; finance; economics; travel; culture; arts; music; entertainment; showbiz; royal;
    crime; court; legal; education; health; science; technology; tech; digital; online; content; print; copy; data;
    product; marketing; editorial; features; lifestyle; food; opinion; politische; politischer
    """)
)
"""What kind of editor or reporter somebody is: words between the name and the role, folded."""

DEGREES = frozenset(_terms("md; phd; ph.d; jd; mba; ma; msc; rn; jr; sr; esq"))

NOBODY = frozenset(
    _terms("""
    admin; administrator; null; none; undefined; unknown; n/a; na; author; authors; autor; user; anonymous; webmaster;
    default; editor; editors; name; no author; staff writer; guest author; press release; super user
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

PUBLISHED = MODIFIED | frozenset(
    _terms("""
    published; posted; veröffentlicht; erschienen; publié; publiée; paru; publicado; publicada; pubblicato; pubblicata;
    gepubliceerd; geplaatst; publisert; publicerad; publiceret; udgivet; julkaistu; publikováno; opublikowano;
    опубліковано; опубликовано; yayınlanma; yayınlandı; diterbitkan; megjelent; 公開; 公開日; 入力; 입력; 등록
    """)
)
"""Words that say of a date that the article came out or was renewed then, folded."""

BESIDE_DATE = PUBLISHED | frozenset(
    _terms("""
    publish; created; first; last; date; on; at; the; of; am; pm; um; den; der; vom; von; erstellt; publiziert; datum;
    uhr; le; à; mis; mise; el; la; las; los; a; día; fecha; em; às; data; il; alle; ore; del; dal; op; om; uur; kl;
    klokken; vydáno; dne; v; publikacji; dodano; o; godz; дата; tarihi; giriş; saat; dipublikasikan; tanggal; pada;
    min; mins; minute; minutes; read; reading; time; estimated; lesezeit; minuten; lecture; lectura; lettura; minuto;
    minutos; minuti; comment; comments; kommentare
    """)
)
"""Words that may stand beside a date on a line that says nothing else, folded."""


def bare(word: str) -> str:
    """Return `word` folded and without accents: "Févr." and "fevr" are one month."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in letters if not unicodedata.combining(char)).rstrip(".")


MONTHS: dict[str, dict[str, int]] = {
    language: {bare(name): number for number, names in enumerate(_terms(months), start=1) for name in names.split()}
    for language, months in {
        "en": """
    jan january; feb february; mar march; apr april; may; jun june; jul july; aug august; sep september sept; oct
    october; nov november; dec december
    """,
        "de": """
    jan januar jänner; feb februar feber; mär märz mrz; apr april; mai; jun juni; jul juli; aug august; sep sept
    september; okt oktober; nov november; dez dezember
    """,
        "fr": """
    janv janvier jan; févr février fév; mars; avr avril; mai; juin jun; juil juillet jul; août aoû; sept septembre
    sep; oct octobre; nov novembre; déc décembre
    """,
        "es": """
    ene enero; feb febrero; mar marzo; abr abril; may mayo; jun junio; jul julio; ago agosto; sept septiembre
    setiembre sep set; oct octubre; nov noviembre; dic diciembre
    """,
        "it": """
    gen gennaio; feb febbraio; mar marzo; apr aprile; mag maggio; giu giugno; lug luglio; ago agosto; set settembre;
    ott ottobre; nov novembre; dic dicembre
    """,
        "pt": """
    jan janeiro; fev fevereiro; mar março; abr abril; mai maio; jun junho; jul julho; ago agosto; set setembro
    septembro; out outubro; nov novembro; dez dezembro
    """,
        "nl": """
    jan januari; feb februari; maart mrt; apr april; mei; jun juni; jul juli; aug augustus; sep september; okt
    oktober; nov november; dec december
    """,
        "da": """
    jan januar; feb februar; mar marts; apr april; maj; jun juni; jul juli; aug august; sep september; okt oktober;
    nov november; dec december
    """,
        "nb": """
    jan januar; feb februar; mar mars; apr april; mai; jun juni; jul juli; aug august; sep september; okt oktober;
    nov november; des desember
    """,
        "sv": """
    jan januari; feb februari; mars; apr april; maj; juni jun; juli jul; aug augusti; sep september sept; okt
    oktober; nov november; dec december
    """,
        "pl": """
    sty styczeń stycznia styczniu; lut lutego luty lutym; mar marca marzec marcu; kwi kwiecień kwietnia kwietniu
    kwie; maj maja maju; cze czerwca czerwiec czerwcu; lip lipca lipiec lipcu; sie sierpień sierpnia sierpniu; wrz
    wrzesień września wrześniu; paź październik października październiku; lis listopad listopada listopadzie; gru
    grudnia grudzień grudniu
    """,
        "cs": """
    led leden ledna lednu; úno únor února únr únoru; bře březen března březnu; dub duben dubna dubnu; kvě květen
    května květnu; červen června čvn čer červnu; července červenec čvc črc červenci črv; srp srpen srpna srpnu; zář
    září; říj říjen října říjnu; lis listopad listopadu; pro prosince prosinec prosinci
    """,
        "tr": """
    oca ocak; şub şubat; mar mart; nis nisan; may mayıs; haz haziran; tem temmuz; ağu ağustos; eyl eylül; eki ekim;
    kas kasım; ara aralık
    """,
        "uk": """
    січ січень січня; лют лютий лютого; бер березень березня берез; квіт квітень квітня кві; трав травень травня
    тра; черв червень червня чер; лип липень липня; серп серпень серпня сер; вер вересень вересня верес; жовт
    жовтень жовтня жов; лист листопад листопада листоп лис; груд грудень грудня гру
    """,
        "ru": """
    янв январь января; февр февраль февраля фев; мар март марта; апр апрель апреля; май мая; июн июнь июня; июл июль
    июля; авг август августа; сент сентябрь сентября сен; окт октябрь октября; нояб ноябрь ноября ноя; дек декабрь
    декабря
    """,
        "fi": """
    tammi tammik tammikuu tammikuuta tammikuussa; helmi helmik helmikuu helmikuuta helmikuussa; maalis maalisk
    maaliskuu maaliskuuta maaliskuussa; huhti huhtik huhtikuu huhtikuuta huhtikuussa; touko toukok toukokuu
    toukokuuta toukokuussa; kesä kesäk kesäkuu kesäkuuta kesäkuussa; heinä heinäk heinäkuu heinäkuuta heinäkuussa;
    elo elok elokuu elokuuta elokuussa; syys syysk syyskuu syyskuuta syyskuussa; loka lokak lokakuu lokakuuta
    lokakuussa; marras marrask marraskuu marraskuuta marraskuussa; joulu jouluk joulukuu joulukuuta joulukuussa
    """,
        "hu": """
    jan január; febr február feb; márc március már; ápr április; máj május; jún június; júl július; aug augusztus;
    szept szeptember; okt október; nov november; dec december
    """,
        "id": """
    jan januari; feb februari peb pebruari; mar maret mrt; apr april; mei mai; jun juni; jul juli; agu agustus agt;
    sep september sept; okt oktober; nov november nop nopember; des desember
    """,
        "is": """
    jan janúar; feb febrúar; mar mars; apr apríl; maí; jún júní; júl júlí; ágú ágúst; sep september; okt október;
    nóv nóvember; des desember
    """,
        "lt": """
    saus sausio sausis; vas vasario vasaris; kov kovas kovo; bal balandis balandžio; geg gegužė gegužės; birž
    birželio birželis; liep liepa liepos; rugp rugpjūtis rugpjūčio; rugs rugsėjis rugsėjo; spal spalio spalis; lapkr
    lapkritis lapkričio; gruod gruodis gruodžio
    """,
        "ro": """
    ian ianuarie; feb februarie febr; mar martie mart; apr aprilie; mai; iun iunie; iul iulie; aug august; sept
    septembrie sep; oct octombrie; noiembrie nov noiem; dec decembrie
    """,
        "sk": """
    jan január januára; feb február februára; mar marca marec; apr apríl apríla; máj mája; jún júna; júl júla; aug
    august augusta; sep september septembra; okt október októbra; nov november novembra; dec december decembra
    """,
        "ca": """
    gen gener; febr febrer; març; abr abril; maig; juny; jul juliol; agost; set setembre; oct octubre; nov novembre;
    des desembre
    """,
    }.items()
}
"""Language -> the names of the months, bare, as pages print them -> 1 to 12."""

# --- pictures -------------------------------------------------------------------------------------------------------

PICTURE = (
    r"photos?(?:graph(?:s|er|y|ie|e)?)?|pictures?|images?|pic|fotos?(?:graf(?:ie|ía|ia|o|en)?)?|bild(?:er)?|"
    r"immagin[ei]|imagen|imagem|beeld|billede|kuva|kép|zdjęcie|fot|фото|görsel|fotoğraf|gambar|ảnh|写真|사진|صورة|الصورة|تصوير|عدسة"
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
    Vai al contenuto; Powered by; Show more; Show less; Menu; Search; Home;
    Share; Log in; Sign in; Sign up; Subscribe; Comments; Close; Print; Email
    """),
    )
)
"""Standing lines of sites that are written like headlines or labels, folded as phrases."""
