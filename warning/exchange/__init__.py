"""Exchange: what other authorities send us, by push or by poll, verified, understood, held for moderation or passed on."""
