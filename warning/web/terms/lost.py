"""Words of the page that a person gets instead of a refusal for programs."""

WORDS: dict[str, tuple[str, str]] = {
    "lost_401": ("请先登录", "Sign in first"),
    "lost_403": ("您的账号不能看这一页", "Your account may not see this page"),
    "lost_404": ("没有这一页", "There is no such page"),
    "lost_409": ("内容已有变化", "It has changed meanwhile"),
    "lost_422": ("填写有误", "Something was filled in wrongly"),
    "lost_429": ("请求过于频繁", "Too many requests"),
    "lost_503": ("系统暂时没有应答", "The system does not answer just now"),
    "lost_500": ("系统出错", "Something went wrong here"),
    "lost_step_401": ("登录后再打开此页。", "Open this page again when you have signed in."),
    "lost_step_403": ("请换用有权限的账号，或请管理员设置。", "Use an account that may, or ask an admin."),
    "lost_step_404": ("网址可能有误，或该预警不在本系统。这不表示没有预警。", "The address may be wrong, or the warning is not of this system. It does not mean that there is no warning."),
    "lost_step_409": ("请返回并刷新后再试。", "Go back, reload, and try again."),
    "lost_step_422": ("请返回更正后再试。", "Go back, mend it, and try again."),
    "lost_step_429": ("请稍候一分钟再试。", "Wait a minute, then try again."),
    "lost_step_503": ("资料没有丢失，请过几秒再试；其间请收听广播或看电视。", "Nothing is lost: try again in a few seconds, and listen to radio or television meanwhile."),
    "lost_step_500": ("请稍后再试；如仍出错，请告知值班人员。", "Try again later; if it stays so, tell the duty officer."),
    "lost_public": ("查看当前预警", "See what is in force"),
    "lost_console": ("回到预警发布工作台", "Back to the desk"),
    "lost_office": ("回到单位订阅", "Back to your subscriptions"),
}
