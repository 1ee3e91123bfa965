"""The texts of the pages and their translations; ``python -m infra.language`` brings every ``locale`` up to date.

A room speaks more than English once ``locale/es.po`` lies beside its ``templates`` (begin with an empty file). Then
every text that residents read is marked: ``{% trans %}…{% endtrans %}`` and ``_("…")`` in templates, ``gettext("…")``
where code says it at once, ``mark("…")`` where it says it later (a Problem's title; ``{{ title | said }}`` shows it). A
template without any such text is a page for staff, and stays English, frame and all.
"""
