"""smpplib on the SMS workload, held to the same window: ten submits, then an answer for each further one."""

import logging
import time

from smpplib.client import Client
from smpplib.consts import SMPP_ENCODING_ISO10646, SMPP_NPI_ISDN, SMPP_TON_INTL

from tests.bench.sms import WINDOW
from tests.bench.sms_text import SOURCE, TEXT, number_of


def rate(port: int, messages: int) -> float:
    """Messages per second."""
    logging.getLogger("smpplib").setLevel(logging.ERROR)
    client = Client("127.0.0.1", port, timeout=30, logger_name="smpplib", allow_unknown_opt_params=True)
    client.connect()
    client.bind_transceiver(system_id="bench", password="bench")
    left, octets = messages, TEXT.encode("utf-16-be")

    def answered(pdu: object) -> None:  # noqa: ARG001 - their signature
        nonlocal left
        left -= 1

    client.set_message_sent_handler(answered)
    try:
        started = time.perf_counter()
        for number in range(messages):
            if number >= WINDOW:
                client.read_once()
            client.send_message(source_addr=SOURCE, dest_addr_ton=SMPP_TON_INTL, dest_addr_npi=SMPP_NPI_ISDN,
                                destination_addr=number_of(number), short_message=octets, data_coding=SMPP_ENCODING_ISO10646,
                                registered_delivery=0)
        while left:
            client.read_once()
        return messages / (time.perf_counter() - started)
    finally:
        client.unbind()
        client.disconnect()
