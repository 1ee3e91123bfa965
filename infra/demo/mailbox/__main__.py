"""The mailbox as a process, its SMTP door and its page: python -m infra.demo.mailbox."""

from infra.demo.mailbox.letters import Letters
from infra.demo.mailbox.pages import create
from infra.demo.mailbox.smtp import listen
from infra.demo.serving import Surroundings, run, serve


async def main(here: Surroundings) -> None:
    letters = Letters.open(here.home)
    try:
        door = await listen(letters, here.port_base + 25)
        try:
            await serve([(create(letters), here.port_base + 6)])
        finally:
            door.close()
    finally:
        letters.store.close()


if __name__ == "__main__":
    run(main(Surroundings.read()))
