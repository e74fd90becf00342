"""Words of what comes after the signature: watching it go out, following up, the event's story, the product page, keys."""

WORDS: dict[str, tuple[str, str]] = {
    "product": ("供媒体与显示屏使用", "for media and screens"),
    "product_picture": ("图片", "picture"),
    "skipped_step": ("已由值班员决定不再发送；点重试可重新发送", "settled by an operator; retry takes it up again"),
}
