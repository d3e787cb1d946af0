"""Text files in encodings of several bytes a character: Japanese, Chinese, Korean; and that nothing else is taken for them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.progress import Silent
from pipeline.read import ReadOptions, eastasian, open_sheet

LISTS = {
    "ja": [["名前", "メール", "市"], ["山田太郎", "a@mail.example", "東京"], ["鈴木一郎", "b@mail.example", "大阪"]],
    "zh": [["姓名", "邮箱", "城市"], ["王小明", "a@mail.example", "北京"], ["李娜", "b@mail.example", "上海"]],
    "tw": [["姓名", "信箱", "城市"], ["王小明", "a@mail.example", "臺北"], ["李娜", "b@mail.example", "高雄"]],
    "ko": [["이름", "이메일", "도시"], ["김철수", "a@mail.example", "서울"], ["이영희", "b@mail.example", "부산"]],
}
WORDS = ["José", "Muñoz", "Ñuñoa", "Concepción", "São Paulo", "Müller", "Łódź", "Zürich", "Ángela", "ÍÑIGUEZ", "Иван", "Ольга",
         "Αθήνα", "Πάτρα", "Ana", "€ 5", "n°", "5 ½", "สมชาย", "ÁÉÍÓÚ", "ééé"]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("ja", "cp932"),
        ("ja", "euc_jp"),
        ("zh", "gb18030"),
        ("tw", "big5"),
        ("ko", "cp949"),
        ("ja", "utf-16-le"),
        ("ja", "utf-8"),
    ],
)
def test_a_list_of_east_asia_is_read_and_said_to_be_a_guess(tmp_path, language, encoding):
    """The characters themselves, with no flag; and a word for the user where nothing but likeness told the encoding."""
    table = LISTS[language]
    path = tmp_path / "a.csv"
    path.write_bytes("".join(";".join(row) + "\r\n" for row in table).encode(encoding))
    sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
    assert [list(sheet.headers), *(list(row[1:]) for b in sheet.batches(9) for row in b.cells.rows())] == table
    assert sheet.facts.encoding == encoding
    guessed = [note for note in sheet.facts.notes if "guess" in note]
    assert bool(guessed) == (not encoding.startswith("utf"))
    assert all(table[0][0] in note for note in guessed)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=12),
    page=st.sampled_from(["cp1252", "cp850", "cp437", "mac-roman", "cp1250", "cp1251", "koi8-r", "cp1253", "cp874"]),
)
def test_no_text_of_a_code_page_is_taken_for_one(words, page):
    """Words of many alphabets, alone and together, in the pages that can hold them."""
    fitting = [word for word in words if word.encode(page, "ignore").decode(page) == word]
    # A list has words of one byte too many or too few for pairs; one of pairs alone nobody can tell apart.
    text = "".join(f"{word};x{i}\n" for i, word in enumerate([*fitting, *fitting])) + "Año;Иваны;Ελένη;ñ\n"
    assert eastasian.encoding(text.encode(page, "ignore")) is None
