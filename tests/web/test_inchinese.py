"""What the desks really say, read by somebody who reads Chinese."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.warning.issue.test_fast_lane import RED_RAIN, fast_world
from tests.warning.issue.test_issue_desk import HAN, LI, NOW, World, hand, square
from warning.account import Account
from warning.errors import WarningEngineError
from warning.issue.approval import Refusal
from warning.level import Level
from warning.web.inchinese import in_chinese
from warning.web.words import explained


def chinese(text: str) -> bool:
    """Chinese words, and no English sentence left in it."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text) and "系统原文" not in text


async def refusals() -> list[str]:
    """Every way in which a forecaster or an approver is refused at the desk, as it is really said."""
    world, said = fast_world("Exercise", RED_RAIN), []
    made = await world.desk.compose(hand(), account=LI)
    changes: tuple[dict[str, object], ...] = (
        {"zones": []}, {"zones": ["310120"]}, {"zones": ["999999"]}, {"circle": {"lat": 31, "lon": 121, "km": 900}}, {"circle": {"lat": 99, "lon": 121, "km": 9}},
        {"polygon": square(121.11, 31.01, 121.15, 31.05)}, {"polygon": square(121.05, 31.02, 121.19, 31.08)}, {"hazard": "typhoon"},
        {"texts": {"en-US": {"headline": "[EXERCISE] Red gale warning"}}}, {"texts": {"zh-CN": {"description": "雨"}}})
    tries = [world.desk.submit(made, account=LI, revision=1, changes=one) for one in changes]
    tries += [
        world.desk.submit(made, account=LI, revision=9, changes={}), world.desk.submit(made, account=Account(name="wang", role="viewer"), revision=1, changes={}),
        world.desk.submit(made, account=Account(name="wu", role="forecaster", hazards=("heat",)), revision=1, changes={}),
        world.desk.submit(made, account=Account(name="wu", role="forecaster", area="310120"), revision=1, changes={}),
        world.desk.dismiss(made, account=LI, reason=" ")]
    for one in tries:
        with pytest.raises(WarningEngineError) as refused:
            await one
        said.append(str(refused.value))
    for signing in (world.desk.express(made, account=HAN, revision=1, changes={}), world.desk.express(made, account=HAN, revision=1, changes={}, status="Actual"),
                    world.desk.approve(made, account=LI, revision=1), world.desk.compose(hand(status="Actual"), account=LI),
                    world.desk.compose(hand(expires=NOW - timedelta(hours=1)), account=LI), world.desk.compose(hand(event_code="99Z99"), account=LI)):
        with pytest.raises(WarningEngineError) as stopped:
            await signing
        said.append(str(stopped.value))
    first = (await World().out(hand(level=Level.RED))).identifier
    assert first
    return said


async def test_every_refusal_of_the_desk_is_told_in_chinese() -> None:
    for said in await refusals():
        assert chinese(explained(said, "zh")), said
        assert explained(said, "en") == said


@pytest.mark.parametrize(("said", "zh"), [
    ("310115 is not registered to issue red rainstorm for 310115, 310120; its register stands in issuers.yaml",
     "310115 未登记在 310115、310120 发布红色 rainstorm；登记表见 issuers.yaml"),
    ("this is an Exercise and you were about to sign an Actual: reload it and read it again", "这是演练，而您正要按实战签发：请刷新后重新阅读"),
    ("note: red falls to nothing and passes over a colour: say why; the second person reads it", "由红色降为无，跳过了等级：请说明理由，签发人要看"),
    ("浦东新区应急办 has not answered 31000041600000_20240920083000", "浦东新区应急办 尚未应答 31000041600000_20240920083000"),
    ("b is being called; call b by telephone and enter the answer", "正在叫应 b；请电话联系 b，并录入应答"),
    ("资料源 radar 已 30 分钟没有可用的新资料 / feed radar has brought nothing usable", "资料源 radar 已 30 分钟没有可用的新资料"),
    ("documents of zhejiang that cannot be read: HTTP 503 (a.xml)", "zhejiang 的部分预警文件无法读取：HTTP 503 (a.xml)"),
    ("call the partner: they may warn of something; what does not answer is asked for again by itself", "请联系对方，其中可能有预警；未应答的会自动重试"),
    ("【演练】response flood-control: 13 duties have nobody on the roster who can be written to", "【演练】响应 flood-control：13 项职责在名录上没有可通知的人"),
    ("call whoever holds them by telephone, mend the roster; the duties stand at /console/responses", "请电话通知承担者，并补全名录；职责见 /console/responses"),
    ("alert 1_2: en-US headline does not name Yellow; add it; en-US headline does not name 'typhoon'; add it", "英文标题未写明“Yellow”；英文标题未写明“'typhoon'”"),
    ("en-US description names the times 14:30 and zh-CN 15:30, 17:00", "正文中的时间不一致：中文为 15:30、17:00，英文为 14:30"),
    ("something nobody has translated", "系统原文：something nobody has translated"),
])
def test_a_sentence_in_chinese(said: str, zh: str) -> None:
    assert in_chinese(said) == zh


def test_the_approvals_refusals_have_their_names_and_a_text_in_two_languages_its_english_half() -> None:
    for refusal in Refusal:
        assert chinese(explained(str(refusal), "zh")), refusal
    assert explained("资料源中断 / feed radar is silent", "en") == "feed radar is silent"
    assert explained(f"a proposal {uuid4()}", "en").startswith("a proposal")
