"""The mailbox as a process: SMTP, a gateway for text messages, and the pages: python -m infra.demo.mailbox."""

import os

from infra.demo.mailbox.letters import Letters
from infra.demo.mailbox.pages import create
from infra.demo.mailbox.smtp import listen
from infra.demo.serving import Surroundings, run, serve


async def main(here: Surroundings) -> None:
    letters = Letters.open(here.home)
    try:
        door = await listen(letters, here.port_base + 25)
        try:
            account, token = os.environ.get("HABEAS_SMS_ACCOUNT", ""), os.environ.get("HABEAS_SMS_TOKEN", "")
            await serve([(create(letters, account, token), here.port_base + 6)])
        finally:
            door.close()
    finally:
        letters.store.close()


if __name__ == "__main__":
    run(main(Surroundings.read()))
