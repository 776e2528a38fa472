import pytest

from tips.danger import Danger, assess, reasons
from zalopolice.vietnamese import fold


@pytest.mark.parametrize(
    "text",
    [
        "Cứu tôi với, nó đang cầm dao trước nhà",
        "cuu toi voi no cam dao",
        "Đang đánh nhau ở chợ",
        "cháy nhà òi, ở ngõ 12",
        "Vừa có tai nạn gần trường học",
        "có người muốn tự tử, đang đứng trên cầu",
        "co nguoi dang muon tu tu o day",
        "nha hang xom danh nhau chay mau",
        "có người nhảy cầu",
        "cuu toi voi 😭",
        "cuu toi voi…",
        "co nguoi dang danh nhau o cho – gap",
        "dang chay nha toi o ngõ 12",
    ],
)
def test_danger_with_a_context_is_an_emergency(text):
    assert assess(text) is Danger.EMERGENCY


@pytest.mark.parametrize("text", ["Hôm qua nghe nói có cướp", "nghi van bat coc"])
def test_danger_without_a_context_is_possible(text):
    assert assess(text) is Danger.POSSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "hàng tôi bị cháy, giờ đang hết",
        "ngồi chém gió ở đây thôi",
        "từ từ em gửi giấy tờ cho anh ở đây",
        "tu tu toi gui o day",
        "buổi sáng tôi đi dạo gần nhà",
        "Còn tin nhắn nào chưa trả lời em không, em đang chờ",
        "xe vẫn đang chạy ngoài đường",
        "bom hàng rồi, đang ở nhà",
        "Thứ 7 có làm căn cước không ạ?",
        "chay tui roi, dang o nha",
    ],
)
def test_everyday_words_are_no_alarm(text):
    assert assess(text) is Danger.NONE


URGENT = """giết người|giet nguoi|nó đâm người|dam nguoi|chém nhau|chem nhau|bắn súng|no sung|dọa giết|doa giet
đánh chết|danh chet|đang đánh nhau|dang danh nhau|kề dao|ke dao|cầm dao|cam dao|hỗn chiến|hon chien|cướp
cuop|cướp giật|cuop giat|bắt cóc|bat coc|khống chế|khong che|con tin|hiếp dâm|hiep dam|xâm hại|xam hai
đang bị nhốt|bi nhot|cứu em với|cuu em voi|kêu cứu|keu cuu|ai đó giúp với|tự tử|muốn tự tử|muon tu tu
nhảy cầu|nhay cau|nhảy lầu|nhay lau|treo cổ|uống thuốc sâu|xác chết|xac chet|tử vong|chet nguoi|đuối nước
duoi nuoc|cháy nhà|chay nha|cháy lớn|chay lon|nổ gas|no gas|rò rỉ ga|rò rỉ gas|ro ri gas|mắc kẹt|mac ket
tai nạn|tai nan chet nguoi|sập nhà|sap nha|quả bom|điện giật|dien giat|bé bị đánh|be bi bo roi|mất con
lạc con|lạc trẻ|dụ dỗ trẻ em|cíu|cứu tui dí|nó dí dao|oánh nhau|quýnh lộn|chém lộn
thằng kia cầm hàng nóng|cháy nhà òi"""


@pytest.mark.parametrize("words", [word for line in URGENT.split("\n") for word in line.split("|")])
def test_the_urgent_words_of_the_law_study_are_heard(words):
    assert assess(f"{words}, đang xảy ra ở chợ") is Danger.EMERGENCY


HARMLESS = "hàng tôi bị cháy|nóng như lửa|chém gió|đánh bài|đánh răng|bom hàng|sập mạng|cháy túi|giết thời gian"


@pytest.mark.parametrize("words", [*HARMLESS.split("|"), "bị đâm sau lưng", "tự tử vì tình là gì"])
def test_the_harmless_ones_are_not(words):
    assert assess(f"{words} ở gần nhà em đang vui lắm") is Danger.NONE


@pytest.mark.parametrize(
    "text",
    [
        "Hôm qua có đánh nhau ở chợ",
        "tối qua trộm vào nhà tôi",
        "tuan truoc co tai nan o nga tu",
    ],
)
def test_what_is_over_is_a_report(text):
    assert assess(text) is Danger.POSSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "mất con xe máy ở chợ",
        "đang đánh bạc ở nhà văn hóa",
        "xe chay cho khach ngoai duong",
        "đi chạy bộ gần nhà",
        "đám cháu tôi",
    ],
)
def test_other_everyday_words(text):
    assert assess(text) is Danger.NONE


def test_the_reasons_are_the_words_as_written():
    assert reasons("Cứu với! Nó đang CẦM DAO trước nhà") == ("Cứu với", "CẦM DAO")
    assert reasons("cuu toi voi no cam dao") == ("cuu toi", "cam dao")
    assert reasons("Đăng ký tạm trú") == ()
    assert reasons("") == ()


PROVED = """Chồng tôi đang đánh cả nhà tôi
bọn nó đang đánh cô giáo ở cổng trường
đang đánh cậu bé trước cổng
Nó đang chém gia đình tôi
đang đánh gia đình tôi cứu
Nhà bên cạnh đang cháy hàng xóm chạy ra hết rồi
có người bị đâm chân đang nằm ở cổng
Nó vừa bị đâm giờ nằm ở cổng
Nó dọa chém giờ em trốn trong nhà
có cháy phố 5 đang cháy phố nhà tôi
Cho hỏi làm căn cước ở đâu, à mà nó đang chém gia đình tôi
Hôm qua nó dọa, hôm nay nó vác dao tới nhà tôi
Tối qua nó đánh tôi, giờ nó cầm dao trước nhà"""


@pytest.mark.parametrize("text", PROVED.split("\n"))
@pytest.mark.parametrize("typed", [str, fold], ids=["marked", "unmarked"])
def test_a_harmless_phrase_is_never_cut_out_of_other_words(text, typed):
    assert assess(typed(text)) is Danger.EMERGENCY


EMERGENCIES = """Nhà tôi bị cháy rồi, khói mù mịt, mọi người ơi
kho hàng tôi bị cháy, lửa lan sang nhà bên
cháy chợ rồi mấy anh ơi, cháy hàng quán hết trơn
Báo cháy! phòng trọ tầng 3 ngõ 45 đang cháy
Tôi báo cháy nhà ở ngõ 12
lửa bốc ngùn ngụt ở tiệm tạp hóa, có người bên trong
đang cháy, hàng của tôi trong kho
đang cháy hàng loạt nhà ở xóm 3
nha toi dang chay lon qua
Đang đám giỗ thì ông Tư bị đâm, máu chảy quá trời
thằng cháu vừa bị đâm sau lưng, máu ra nhiều lắm
Nó cầm dao, em bị đâm sau lưng ở chợ
no vua bi dam o bung nam truoc quan
Bên ni có thằng cầm rựa rượt chém bà con, răng chừ
hai đứa đang đánh bài thì quay ra đâm chém nhau
Đang chém gió ngoài quán thì có thằng rút dao
ổng nhậu xỉn dìa đang quýnh má tui, tới lẹ đi
hắn đang đập vợ con dữ lắm, răng không ai tới rứa
dang danh ba gia o hem 8
nó đang đánh, cá với anh là chết người đó
anh ta đang bóp cổ vợ ở phòng bên
có đứa nhỏ rớt xuống kinh chưa vớt được
Cháu bé đang chới với dưới ao, không ai biết bơi
thuyền đánh cá bị chìm, ba người đang bám phao ngoài khơi
Bạn em nhắn tạm biệt, vừa uống cả vỉ thuốc ngủ
co chi dung tren lan can cau sap nhay xuong
con gái tôi đang khóa cửa phòng rạch tay
Em buồn muốn chết, đang đứng trên cầu
Con trai tôi 4 tuổi mới đây còn chơi trước nhà, giờ tìm không thấy
chau be 3 tuoi lac me o cho may phut truoc
bé gái 6 tuổi vừa mất tích 15 phút trước ở hội chợ
hai người đi xe máy vừa bế cháu bé chạy mất
no dang loi em gai toi len xe o to
nhà em xì ga nồng nặc, không dám bật đèn
mui ga nong nac o chung cu
dây điện đứt rơi xuống đường, có người bị giật nằm im
Xe tải cán người ở ngã tư, nạn nhân còn nằm đó
hai xe tông nhau trước cổng trường, người nằm la liệt
trộm đang trèo vào nhà tôi, tôi ở một mình
nó đổ xăng đòi đốt nhà tôi
đang danh nhau o quán ốc
bon no dang danh ca hai vo chong toi
dang danh co bac trong nha, no cam dao
dang danh gia dinh em nhanh len
đang cháy hàng quán ở chợ
phòng cháy ở tầng 3, nhiều người
bé nhà em lạc ở chợ, mới 10 phút
có án mạng ở phòng trọ
hấn đập vợ hấn gần chết
tui bị đánh ngoài chợ
cứuuuu với
cuuuu toi voi
có trái lựu đạn nằm ngoài ruộng
chị tôi uống thuốc trừ sâu
đang danh nhau"""


@pytest.mark.parametrize("text", EMERGENCIES.split("\n"))
def test_real_emergencies_in_many_wordings(text):
    assert assess(text) is Danger.EMERGENCY


HARMLESS_NOW = """ba em đang đánh cá ngoài biển, tháng sau về mới làm căn cước được không
mấy chú đang đánh cờ ở nhà văn hóa
con gái tôi đang học đánh đàn ở nhà cô giáo
đang đánh đàn guitar ở công viên
đang chém gió với bạn ở quán cà phê
shop em đang cháy hàng, đợi chút nhé
hàng em bị cháy rồi, mai mới có
nghe bài Cháy phố ở đâu vậy ad
tôi đang đâm đơn ly hôn, xin xác nhận cư trú ở đâu
định giết thời gian ở quán game gần nhà
phim bom tấn đang chiếu ở rạp gần nhà
hôm nay công an có làm việc không
tập huấn phòng cháy chữa cháy nhà trọ ở đâu
đang học phòng cháy nhà xưởng ở phường
mệt muốn chết mà đang phải xếp hàng
đi chợ bị chém giá ở quán nước gần bến xe
đang đánh giá mức độ hài lòng dịch vụ công
đang đánh máy đơn xin tạm trú
dang danh bai o nha van hoa
dang danh bac o nha van hoa
dang danh rang, ti nua em goi lai
dang danh cau long o san
em dang danh tien lam ho chieu
chong em di danh ca o bien, lam can cuoc the nao
nha em dang dam gio, mai moi len phuong duoc
dang dam cuoi o nha hang hat karaoke
cựu chiến binh được hưởng gì, tôi đang hỏi cho ba tôi
xe tôi đang chạy grab ở quận
quan em dang chay quang cao o cho
em đánh mất căn cước, đang làm lại ở phường
đang đánh số nhà ở khu phố
đang cháy vé xem bóng đá
hôm qua em đánh rơi ví ở chợ, hôm nay xin cấp lại căn cước
đăng ký tàu đánh cá ở đâu ạ
tra cứu giúp em số định danh với
em rớt hồ sơ ở chợ
bé nhà em tìm không thấy giấy khai sinh, làm lại ở đâu
xin giấy phép phòng cháy cho quán em"""


@pytest.mark.parametrize("text", HARMLESS_NOW.split("\n"))
def test_everyday_talk_of_a_commune_raises_nothing(text):
    assert assess(text) is Danger.NONE


@pytest.mark.parametrize(
    "text",
    [
        "đám cháy năm ngoái ở chợ đã có kết luận chưa ạ",
        "Vụ cháy nhà năm ngoái ở tổ 5 xử lý tới đâu rồi",
        "Hôm qua có tai nạn ở ngã tư, nạn nhân đã đi cấp cứu",
        "Hôm qua có đánh nhau ở chợ, hôm nay em mới đến báo",
    ],
)
def test_history_is_no_alarm(text):
    assert assess(text) is not Danger.EMERGENCY


@pytest.mark.parametrize("text", ["em bị đuổi chém ở chợ", "em bi duoi chem o cho", "nó chĩa súng vô mặt chồng tôi"])
def test_who_is_chased_or_has_a_gun_held_at_them_is_in_danger(text):
    assert assess(text) is Danger.EMERGENCY


def test_figs_are_no_gun():
    assert assess("nhà em chia sung cho hàng xóm") is Danger.NONE
