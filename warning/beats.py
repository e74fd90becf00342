"""Beats: which canaries and heartbeats a deployment's settings ask for."""

from channels.message import Lane
from warning.dispatch.pulse import Beat
from warning.settings import Settings


def beats(settings: Settings) -> list[Beat]:
    """The canary of every channel that has an address for it, and the heartbeats: a topic of each MQTT channel, and who asked for one."""
    lanes: dict[str, Lane] = {
        channel.name: "actual" if (channel.routes[0].options if channel.routes else channel.options).get("lane") == "actual" else "exercise"
        for channel in settings.channels}
    canary, every_s = settings.canary, settings.heartbeat.every_s
    found = [
        Beat(kind="canary", target=name, channel=name, address=address, lane=lanes[name], every_s=canary.every_s)
        for name, address in canary.addresses.items()]
    found += [
        Beat(kind="heartbeat", target=channel.name, channel=channel.name, address=f"xiaoxishu/{lanes[channel.name]}/heartbeat",
             lane=lanes[channel.name], every_s=every_s)
        for channel in settings.channels if channel.kind == "mqtt"]
    return found + [
        Beat(kind="heartbeat", target=listener.name, channel=listener.channel, address=listener.address, lane=lanes[listener.channel],
             every_s=every_s, secret=listener.secret.get_secret_value())
        for listener in settings.heartbeat.listeners]
