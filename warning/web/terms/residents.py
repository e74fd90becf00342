"""Words of what a resident does: am I warned here, register, the app, and the copy on a disk."""

WORDS: dict[str, tuple[str, str]] = {
    "here": ("我在的地方有预警吗？", "Am I warned here?"),
    "here_coarse": ("只发送约 1 公里的网格，不保存。", "Only a cell of about 1 km is sent, and not kept."),
    "here_failed": ("无法得知：没有位置或没有网络。请在下方按区查看。不等于平安。", "Not known: no position or no connection. Look your district up below. This is no all-clear."),
    "here_none": ("当前没有生效的预警", "no warnings in force"),
    "copy": ("静态副本", "STATIC COPY"),
    "copy_made": ("生成于", "made at"),
    "copy_until": ("；请只相信到", "; believe it until"),
    "copy_after": ("。之后未必属实：请收听广播、拨打当地气象热线。", " and no longer: after that listen to the radio or call your weather service."),
    "copy_unknown": ("过时之后，没有显示预警不等于平安。", "Once it is old, no warning shown does not mean no warning."),
    "stale": ("本页已过时", "THIS PAGE IS OLD"),
    "stale_age": ("已过有效时间 {n} 分钟。", "It is {n} min past its time."),
    "stale_line": ("可能有新的预警。请刷新；打不开时请收听广播。没有显示预警不等于平安。", "There may be new warnings. Reload; if that fails listen to the radio. No warning shown is not an all-clear."),
    "app_link": ("手机通知", "Notifications"),
    "register_link": ("短信登记", "By text message"),
}
