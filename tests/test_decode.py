"""Bytes into text: every encoding a page may be in, told or untold, and pages that lie about it."""

from __future__ import annotations

import gzip
import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.model import Page
from cleaner.segment.decode import decode, looks_binary, looks_like_html
from tests.conftest import CORPUS

TEXTS = {
    "english": (
        "The council voted on Tuesday – after three hours of talk – to keep the bridge open. “We can’t "
        "wait,” said the mayor; repairs will cost £4 million."
    ),
    "german": (
        "Der Stadtrat beschloss am Dienstag, die Brücke über den Fluss offen zu halten. „Wir können nicht "
        "länger warten“, sagte die Bürgermeisterin; größere Schäden müssten früher behoben werden."
    ),
    "french": (
        "Le conseil municipal a décidé mardi de garder le pont ouvert après trois heures de débat. « Nous ne "
        "pouvons plus attendre », a déclaré la maire ; les réparations coûteront très cher à la région."
    ),
    "spanish": (
        "El ayuntamiento decidió el martes mantener abierto el puente después de tres horas de discusión. "
        "«No podemos esperar más», señaló la alcaldesa; mañana empezará la reparación del año."
    ),
    "portuguese": (
        "A câmara decidiu na terça-feira manter a ponte aberta após três horas de discussão. Não podemos "
        "esperar mais, disse a presidente; as reparações começarão amanhã de manhã."
    ),
    "swedish": (
        "Kommunfullmäktige beslutade på tisdagen att hålla bron öppen efter tre timmars överläggning. Vi kan "
        "inte vänta längre, säger borgmästaren, som också vill bygga nya vägar för cyklister."
    ),
    "polish": (
        "Rada miasta zdecydowała we wtorek, że most pozostanie otwarty po trzech godzinach rozmów. „Nie "
        "możemy dłużej czekać”, powiedziała burmistrz; naprawa będzie kosztować więcej, niż sądzono, a część "
        "dróg zostanie zamknięta."
    ),
    "czech": (
        "Zastupitelstvo v úterý rozhodlo, že most zůstane otevřený, přestože jednání trvalo tři hodiny. "
        "„Nemůžeme už déle čekat,“ řekla starostka; oprava bude stát více, než se předpokládalo, a některé "
        "silnice budou uzavřeny."
    ),
    "hungarian": (
        "A városi tanács kedden úgy döntött, hogy a híd három óra vita után is nyitva marad. Nem várhatunk "
        "tovább, mondta a polgármester; a felújítás többe kerül, mint gondolták, és több útszakaszt is "
        "lezárnak őszig."
    ),
    "turkish": (
        "Belediye meclisi salı günü üç saat süren görüşmelerin ardından köprünün açık kalmasına karar verdi. "
        "Artık bekleyemeyiz, dedi başkan; onarım düşünülenden daha pahalı olacak ve bazı yollar kışa doğru "
        "kapatılacak."
    ),
    "lithuanian": (
        "Miesto taryba antradienį po trijų valandų svarstymo nusprendė, kad tiltas liks atviras. Daugiau "
        "laukti negalime, sakė merė; remontas kainuos daugiau, nei manyta, o kai kurie keliai bus uždaryti "
        "iki žiemos pabaigos."
    ),
    "russian": (
        "Городской совет во вторник после трёх часов обсуждения решил, что мост останется открытым. «Мы "
        "больше не можем ждать», — сказала мэр; ремонт обойдётся дороже, чем предполагалось, и часть дорог "
        "закроют до зимы."
    ),
    "ukrainian": (
        "Міська рада у вівторок після трьох годин обговорення вирішила, що міст залишиться відкритим. «Ми "
        "більше не можемо чекати», — сказала мерка; ремонт коштуватиме дорожче, ніж гадали, і частину доріг "
        "закриють до зими."
    ),
    "bulgarian": (
        "Общинският съвет реши във вторник след три часа разисквания мостът да остане отворен. „Не можем да "
        "чакаме повече“, каза кметицата; ремонтът ще струва повече от предвиденото, а някои пътища ще бъдат "
        "затворени."
    ),
    "greek": (
        "Το δημοτικό συμβούλιο αποφάσισε την Τρίτη, ύστερα από τρεις ώρες συζήτησης, να μείνει ανοιχτή η "
        "γέφυρα. «Δεν μπορούμε να περιμένουμε άλλο», είπε η δήμαρχος· οι επισκευές θα κοστίσουν περισσότερο."
    ),
    "hebrew": (
        "מועצת העיר החליטה ביום שלישי, אחרי שלוש שעות של דיון, להשאיר את הגשר פתוח. איננו יכולים לחכות עוד, "
        "אמרה ראש העיר; התיקון יעלה יותר ממה שחשבו, וכמה כבישים ייסגרו עד החורף."
    ),
    "arabic": (
        "قرر مجلس المدينة يوم الثلاثاء بعد ثلاث ساعات من النقاش إبقاء الجسر مفتوحا. وقالت رئيسة البلدية إننا "
        "لا نستطيع الانتظار أكثر، وستكون كلفة الإصلاح أعلى مما كان متوقعا، وستغلق بعض الطرق حتى الشتاء."
    ),
    "thai": (
        "สภาเมืองมีมติเมื่อวันอังคารหลังจากหารือกันสามชั่วโมงให้เปิดใช้สะพานต่อไป นายกเทศมนตรีกล่าวว่าเรารอต่อไปไม่ได้แ"
        "ล้ว ค่าซ่อมแซมจะสูงกว่าที่คาดไว้ และถนนบางสายจะปิดจนถึงฤดูหนาว"
    ),
    "vietnamese": (
        "Hội đồng thành phố hôm thứ Ba quyết định giữ cây cầu mở cửa sau ba giờ thảo luận. Chúng tôi không "
        "thể chờ thêm nữa, bà thị trưởng nói; việc sửa chữa sẽ tốn kém hơn dự kiến và một số đường sẽ đóng."
    ),
    "japanese": (
        "市議会は火曜日、三時間にわたる議論の末、橋を開けたままにすることを決めた。「これ以上は待てません」と"
        "市長は話した。修理の費用は当初の見込みを上回り、一部の道路は冬まで通行止めになるという。"
    ),
    "korean": (
        "시의회는 화요일 세 시간에 걸친 논의 끝에 다리를 계속 열어 두기로 결정했다. 시장은 더 이상 기다릴 수 "
        "없다고 말했다. 수리 비용은 예상보다 많이 들 것이며 일부 도로는 겨울까지 통제된다."
    ),
    "chinese": (
        "市议会星期二经过三个小时的讨论后决定让大桥继续开放。市长说：“我们不能再等了。”维修费用将高于原先的估"
        "计，部分道路将封闭到冬天，居民可以在网上查看新的公交线路。"
    ),
    "chinese-traditional": (
        "市議會星期二經過三個小時的討論後決定讓大橋繼續開放。市長說：「我們不能再等了。」維修費用將高於原先的"
        "估計，部分道路將封閉到冬天，居民可以在網上查看新的公車路線。"
    ),
}
# WHATWG label -> (Python codec, languages written in it). The label that decoding reports is the label here.
LEGACY = {
    "windows-1252": ("cp1252", ["english", "german", "french", "spanish", "portuguese", "swedish"]),
    "windows-1250": ("cp1250", ["polish", "czech", "hungarian"]),
    "iso-8859-2": ("iso8859_2", ["polish", "czech", "hungarian"]),
    "windows-1251": ("cp1251", ["russian", "ukrainian", "bulgarian"]),
    "koi8-r": ("koi8_r", ["russian"]),
    "koi8-u": ("koi8_u", ["ukrainian"]),
    "windows-1253": ("cp1253", ["greek"]),
    "windows-1254": ("cp1254", ["turkish"]),
    "windows-1255": ("cp1255", ["hebrew"]),
    "windows-1256": ("cp1256", ["arabic"]),
    "windows-1257": ("cp1257", ["lithuanian"]),
    "windows-1258": ("cp1258", ["vietnamese"]),
    "windows-874": ("cp874", ["thai"]),
    "shift_jis": ("cp932", ["japanese"]),
    "euc-jp": ("euc_jp", ["japanese"]),
    "iso-2022-jp": ("iso2022_jp", ["japanese"]),
    "euc-kr": ("cp949", ["korean"]),
    "gb18030": ("gb18030", ["chinese"]),
    "big5": ("big5", ["chinese-traditional"]),
}
LEGACY_CASES = [(label, codec, language) for label, (codec, languages) in LEGACY.items() for language in languages]
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def spelled(language: str, codec: str) -> str:
    """The text as the encoding can hold it: what it has no character for is left out."""
    text = TEXTS[language]
    if codec == "cp1258":  # Vietnamese tones stand apart
        parts = [unicodedata.normalize("NFD", char) for char in text]
        marks = ["".join(mark for mark in part if mark in _TONES) for part in parts]
        bases = ["".join(char for char in part if char not in _TONES) for part in parts]
        text = "".join(unicodedata.normalize("NFC", base) + mark for base, mark in zip(bases, marks, strict=True))
    return text.encode(codec, "ignore").decode(codec)


def test_text_passes_through() -> None:
    decoded = decode(Page("naïve – 漢字"))
    assert (decoded.text, decoded.encoding) == ("naïve – 漢字", "unicode")


def test_nul_characters_are_dropped() -> None:
    assert decode(Page("a\0b")).text == "ab"
    assert decode(Page("caf\0é and more of it".encode())).text == "café and more of it"
    assert decode(Page("ab".encode("utf-16") + b"\0\0")).text == "ab"


@pytest.mark.parametrize(("label", "codec", "language"), LEGACY_CASES)
def test_legacy_encodings_are_detected(label: str, codec: str, language: str) -> None:
    text = spelled(language, codec)
    assert decode(Page(text.encode(codec))).text == text
    page = f'<html><head><script>var x = "{"y" * 3000}";</script></head><body><p class="a b">{text}</p></body></html>'
    assert decode(Page(page.encode(codec))).text == page


@pytest.mark.parametrize(("label", "codec", "language"), LEGACY_CASES)
@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="{}">',
        "<meta http-equiv=Content-Type content='text/html; charset={}'>",
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
def test_legacy_encodings_as_declared(label: str, codec: str, language: str, declaration: str) -> None:
    page = f"{declaration.format(label.upper())}<p>{spelled(language, codec)}</p>"
    decoded = decode(Page(page.encode(codec)))
    assert decoded.text == page
    assert decoded.encoding == label


@pytest.mark.parametrize(("label", "codec", "language"), LEGACY_CASES)
def test_short_texts_as_stated_by_the_transport(label: str, codec: str, language: str) -> None:
    text = spelled(language, codec)[:12]
    assert decode(Page(text.encode(codec), charset=label)).text == text
    assert decode(Page(text.encode(codec), media_type=f'text/html; charset="{label}"')).text == text


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("lie", [None, "iso-8859-1", "gb2312", "shift_jis", "koi8-r", "no such label"])
def test_unicode_whatever_is_stated(language: str, codec: str, lie: str | None) -> None:
    text = TEXTS[language] + "\n"
    assert decode(Page(text.encode(codec), charset=lie)).text == text
    page = f'<meta charset="{lie}"><p>{text}</p>'
    assert decode(Page(page.encode(codec))).text == page


def test_utf_16_without_a_single_zero_byte_needs_a_label() -> None:
    text = TEXTS["chinese-traditional"]
    assert b"\0" not in text.encode("utf-16-be")
    for codec in ("utf-16-le", "utf-16-be"):
        assert decode(Page(text.encode(codec), charset="utf-16")).text == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1))
def test_utf_8_is_read_back(text: str) -> None:
    if "\x1b" not in text:
        assert decode(Page(b"\xef\xbb\xbf" + text.encode())).text == text


@given(
    st.lists(st.sampled_from(LEGACY_CASES), min_size=1, max_size=1),
    st.integers(1, 4),
    st.booleans(),
    st.text("abc <p>/\n", max_size=300),
)
@settings(max_examples=60, deadline=None)
def test_detection_holds_among_markup(
    case: list[tuple[str, str, str]], times: int, before: bool, ascii_text: str
) -> None:
    _, codec, language = case[0]
    text = spelled(language, codec)
    page = (ascii_text if before else "") + "\n" + text * times + "\n" + ascii_text
    assert text in decode(Page(page.encode(codec))).text


@given(
    st.binary(max_size=400),
    st.sampled_from(
        [
            None,
            "utf-8",
            "utf-16",
            "utf-32",
            "replacement",
            "iso-2022-cn",
            "hz-gb-2312",
            "x-user-defined",
            "idna",
            *LEGACY,
        ]
    ),
)
@settings(deadline=None)
def test_no_bytes_are_too_strange(content: bytes, charset: str | None) -> None:
    decoded = decode(Page(content, charset=charset))
    assert "\0" not in decoded.text
    decoded.text.encode()
    looks_binary(content)
    looks_like_html(decoded.text)


@pytest.mark.parametrize("language", ["german", "english", "russian", "japanese", "thai"])
def test_one_broken_byte_costs_one_character(language: str) -> None:
    text = TEXTS[language]
    content = (text + "\n").encode() + b"\xff" + text.encode()
    decoded = decode(Page(content, charset="iso-8859-1"))
    assert decoded.encoding == "utf-8"
    assert decoded.text.startswith(text + "\n")
    assert decoded.text.endswith(text)


def test_a_page_cut_within_a_character() -> None:
    decoded = decode(Page(TEXTS["russian"].encode()[:-3] + b"\xd0"))
    assert decoded.text[:-1] in TEXTS["russian"]
    assert decoded.text[-1] == "\ufffd"


def test_pages_put_together_from_two_encodings() -> None:
    german, french = TEXTS["german"], TEXTS["french"]
    mostly_utf_8 = (german * 3).encode() + "\n“déjà vu”".encode("cp1252")
    assert decode(Page(mostly_utf_8)).text == german * 3 + "\n“déjà vu”"
    mostly_windows = (french * 3).encode("cp1252") + "\n© 2021 – Änderungen".encode()
    assert decode(Page(mostly_windows)).text == french * 3 + "\n© 2021 – Änderungen"


def test_what_is_utf_8_by_accident_stays_windows_1252() -> None:
    text = TEXTS["german"] + " „Der Andrang war groß“, sagte sie."
    assert decode(Page(text.encode("cp1252"))).text == text


@pytest.mark.parametrize(
    ("label", "content", "text"),
    [
        ("latin1", b"\x93so\x94 \x96 \x80 5", "“so” – € 5"),
        ("us-ascii", b"caf\xe9", "café"),
        ("ISO-8859-9", "“ğış”".encode("cp1254"), "“ğış”"),
        ("gb2312", "镕基、囧".encode("gbk"), "镕基、囧"),
        ("shift_jis", "①㈱髙".encode("cp932"), "①㈱髙"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
        ("big5", "香港嘅嘢".encode("big5hkscs"), "香港嘅嘢"),
        ("iso-8859-2", "„Żółć – źle”".encode("cp1250"), "„Żółć – źle”"),
        ("windows-1252", b"a\x81b\xe9", "a\x81bé"),
    ],
)
def test_labels_mean_what_browsers_take_them_to_mean(label: str, content: bytes, text: str) -> None:
    assert decode(Page(content, charset=label)).text == text


@pytest.mark.parametrize("language", ["russian", "greek", "japanese", "chinese"])
def test_latin1_from_a_server_that_knows_nothing(language: str) -> None:
    codec = {"russian": "cp1251", "greek": "cp1253", "japanese": "cp932", "chinese": "gb18030"}[language]
    text = TEXTS[language]
    assert decode(Page(text.encode(codec), charset="iso-8859-1")).text == text


def test_large_pages_are_decoded_at_the_pace_of_their_codec() -> None:
    text = TEXTS["russian"] + "\n"
    started = time.perf_counter()
    decode(Page(text.encode("cp1251") * 50_000))  # 10 MB, nothing stated
    decode(Page(text.encode() * 30_000 + b"\xff"))  # 11 MB, broken at the very end
    assert time.perf_counter() - started < 5


# The legacy codecs of the languages that pages of the corpus declare.
CODECS = {
    **{language: ["cp1252"] for language in ("de", "fr", "es", "it", "pt", "nl", "sv", "no", "nb", "da", "is")},
    **{language: ["cp1250", "iso8859_2"] for language in ("pl", "cs")},
    "tr": ["cp1254"],
    "lt": ["cp1257"],
    "ru": ["cp1251", "koi8_r"],
    "ja": ["cp932", "euc_jp"],
    "ko": ["cp949"],
    "ar": ["cp1256"],
}


@pytest.mark.corpus
@pytest.mark.parametrize("lie", [None, "iso-8859-1"])
def test_pages_of_the_corpus_in_the_encodings_of_their_languages(lie: str | None) -> None:
    """Undeclared, or declared as Latin 1 whatever they are."""
    misread, tried = [], 0
    for file in sorted(CORPUS.rglob("*.html.gz")):
        page = gzip.decompress(file.read_bytes()).decode("utf-8", "replace").replace("\0", "").replace("\ufffd", "")
        declared = re.search(r'<html[^>]{0,500}\blang="?(\w+)', page[:5000])
        for codec in CODECS.get(declared[1].lower(), []) if declared else []:
            content = re.sub("(?i)charset", "chorset", page).encode(codec, "ignore")
            tried += not content.isascii()
            if decode(Page(content, charset=lie)).text != content.decode(codec):
                misread.append((file.name, codec))
    assert tried > 50
    assert not misread


# --- content


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><p>x",
        "\ufeff\n <!-- saved from url --> <html lang=de>",
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html>',
        "<p>Hello</p>",
        "<p>One<p>Two",
        '<div class="a"><div class="b">text</div></div>',
        "<BODY BGCOLOR=white>x",
        "First line<br>second line<br>third line<br/>fourth",
        "Some words, then <b>bold</b> and <i>italic</i> ones.",
    ],
)
def test_html_is_told_by_content(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain words.",
        "a < b and c > d, and x <y> z",
        "Ann Smith <ann@example.com> wrote: <3 this",
        "Set the title in <b> or in <strong>, never in <h1>.",
        "<b> makes text bold and <i> makes it slanted.",
        "<https://example.com/> is a link",
        TEXTS["english"] * 40 + "Write <p>Hello</p> and <p>Bye</p>, then <br>.\n" + TEXTS["english"] * 40,
        TEXTS["english"] * 10 + "\n<div class='card'><p>one</p><p>two</p></div>\n" * 10 + TEXTS["english"] * 10,
    ],
)
def test_text_that_speaks_of_tags_is_text(text: str) -> None:
    assert not looks_like_html(text)


@pytest.mark.parametrize("part", ["<", "<p ", "<!--", "<?", "<p a=", " ", "a<b", "<b></", "<!doctype"])
def test_telling_html_takes_bounded_time(part: str) -> None:
    started = time.perf_counter()
    looks_like_html(part * (20_000_000 // len(part)))
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"PK\x03\x04x",
        b"\x1f\x8b\x08",
        bytes(range(256)) * 9,
        "%PDF-1.4 …",
        "\0\1\2\3",
    ],
)
def test_binary_content(content: bytes | str) -> None:
    assert looks_binary(content)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_is_not_binary(language: str, codec: str) -> None:
    text = TEXTS[language] + "\n"
    assert not looks_binary(text.encode(codec))
    assert not looks_binary(text)


def test_legacy_text_is_not_binary() -> None:
    for _, codec, language in LEGACY_CASES:
        assert not looks_binary(spelled(language, codec).encode(codec))
    assert not looks_binary(b"")
    assert not looks_binary("")
