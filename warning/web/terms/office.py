"""Words of an office's own pages."""

WORDS: dict[str, tuple[str, str]] = {
    "test_ack": ("接收测试", "Reception test"),
    "test_ack_line": ("这不是预警。请点击按钮，证明测试信息已收到。", "This is not a warning. Press the button to show that the test has arrived."),
    "test_ack_button": ("已收到测试信息", "The test has arrived"),
    "test_ack_done": ("谢谢，测试信息已确认收到：", "Thank you, the test has arrived:"),
}
