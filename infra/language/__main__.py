"""``python -m infra.language``: every room's translations brought up to date; says how many texts wait for one."""

from infra.language.books import bring_up_to_date
from infra.language.texts import rooms

if __name__ == "__main__":
    for room in rooms():
        for path in sorted((room / "locale").glob("*.po")):
            print(f"{path.parents[1].name} {path.stem}: {bring_up_to_date(path)} to translate")
