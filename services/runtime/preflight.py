"""What a service checks before it takes part: that its topics are whole, and its cache is of this very log."""

import base64
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.envelope import Malformed, parse
from services.runtime import cache
from services.runtime.cache import Mark
from services.runtime.settings import Settings

log = structlog.get_logger()


class Refused(Exception):  # noqa: N818 — tells the operator what stands in the way
    """The service may not start: going on would lose or repeat something. The message says what to do."""


def cache_folder(tabledir: Path, service: str, partition: int) -> Path:
    """Where the cache of one partition lies."""
    return tabledir / f"{service}-{partition}.db"


def check_environment(here: Settings) -> None:
    """Raises :class:`Refused` outside the demo where the settings are the demo's."""
    if here.is_demo:
        return
    if here.keys_generated or _of_the_demo(here):
        raise Refused(
            "The keys were generated for the demo. Outside it, give keys of your own in HABEAS_MASTER_KEY, "
            "HABEAS_PERSON_SECRET, HABEAS_SESSION_SECRET and HABEAS_PRODUCT_TOKEN (HABEAS_ENVIRONMENT is "
            "production unless it says demo)."
        )
    if not here.secure_cookies:
        raise Refused(
            "HABEAS_SECURE_COOKIES is off. Outside the demo, serve through HTTPS and set it to true: "
            "a session that travels in the clear is anybody's."
        )


def _of_the_demo(here: Settings) -> bool:
    """True if somebody handed on what the supervisor made in this very home."""
    try:
        made = json.loads((here.home / "keys.json").read_text())
        return base64.urlsafe_b64decode(made["HABEAS_MASTER_KEY"]) == here.master_key.get_secret_value()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check_accounts(here: Settings, catalogue: Catalogue) -> None:
    """Raises :class:`Refused` outside the demo where somebody could sign in with a password that is public."""
    demo = sum(account.demo and not account.deactivated for account in catalogue.accounts.values())
    programs = [client.id for client in catalogue.clients.values() if client.demo]
    if programs and not here.is_demo:
        raise Refused(
            f"The secret of {programs[0]} is the demo's, and public. Give it one of its own from a demo environment "
            f"(habeas catalogue secret {programs[0]}), or begin with a log of your own."
        )
    if demo and not here.is_demo:
        raise Refused(
            f"The catalogue holds {demo} demo login{'' if demo == 1 else 's'}, whose passwords are public. Begin "
            "with a log of your own, or deactivate them from a demo environment."
        )


async def check_partitions(bootstrap: str, names: Iterable[str], expected: int) -> None:
    """Raises :class:`Refused` if a topic is missing or has another number of partitions than was fixed at creation."""
    present = await partitions_by_topic(bootstrap)
    for name in names:
        count = present.get(name)
        if count is None:
            raise Refused(f"The topic {name} does not exist. Create it with: habeas topics --create")
        if count != expected:
            raise Refused(
                f"The topic {name} has {count} partitions, this deployment was made for {expected}. "
                "The number is fixed: a larger one needs a replay into new topics."
            )


async def partitions_by_topic(bootstrap: str) -> dict[str, int]:
    """Every topic the broker knows, with its number of partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.describe_topics()
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in found}


async def drop_foreign_caches(consumer: AIOKafkaConsumer, tabledir: Path, service: str, partitions: int) -> None:
    """Deletes every partition's cache that does not reflect this log: it is only a cache, recovery rebuilds it."""
    name = topics.events(service)
    for number in range(partitions):
        folder = cache_folder(tabledir, service, number)
        if not folder.exists():
            continue
        try:
            mark = cache.read_mark(cache.open_for_reading(str(folder)))
        except Exception as error:
            said = "a cache that cannot be read is dropped and rebuilt from the log"
            log.warning(said, partition=number, exc_info=error)
            shutil.rmtree(folder)
            continue
        if mark.offset >= 0 and not await _reflects(consumer, TopicPartition(name, number), mark):
            log.warning("a cache of another log is dropped and rebuilt", partition=number)
            shutil.rmtree(folder)


async def _reflects(consumer: AIOKafkaConsumer, where: TopicPartition, mark: Mark) -> bool:
    end = (await consumer.end_offsets([where]))[where]
    if mark.offset >= end:
        return False
    if not mark.hash:
        return True  # the last record folded was void; the next accepted one must name the head
    consumer.assign([where])
    consumer.seek(where, mark.offset)
    record = await consumer.getone()
    try:
        return bool(parse(record.value).hash == mark.hash)
    except Malformed:
        return False


async def check_retention(consumer: AIOKafkaConsumer, sources: Iterable[str], marks: Mapping[int, Mark]) -> None:
    """Raises :class:`Refused` if a source no longer holds what was not read yet."""
    places = [TopicPartition(source, number) for source in sources for number in marks]
    first = await consumer.beginning_offsets(places)
    for place in places:
        read = marks[place.partition].position.get(place.topic)
        reached = read.offset if read else -1
        if first[place] > reached + 1:
            raise Refused(
                f"{place.topic}, partition {place.partition}: records {reached + 1} to {first[place] - 1} were deleted "
                "before they were read. Restore the topic from its backup, or the loss must be accepted by hand."
            )


async def ends_of(consumer: AIOKafkaConsumer, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Partition → the offset that its next record will have."""
    found = await consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
    return {place.partition: end for place, end in found.items()}
