"""What the SMS workloads send, and to whom."""

from datetime import UTC, datetime

TEXT = "【演练】暴雨红色预警：浦东未来1小时雨量将达100毫米以上，请停止户外活动。"
SOURCE = "12379"
NOW = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)


def number_of(number: int) -> str:
    """A made-up handset."""
    return f"86139{number:08d}"
