"""What the runs of a batch are started with: read from a file, merged with what they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from omics_runs._generated.models import InlineSetting
from omics_runs._narrow import is_sequence
from omics_runs._parts import Nested, read_part
from omics_runs._rules import Items
from omics_runs.emulator._batch import Batch
from omics_runs.emulator._http import decoded, invalid
from omics_runs.emulator._routes import camel

MOST_RUNS = 100_000
"""Most runs of a batch, by the service's guide."""

SETTINGS = Items(Nested(InlineSetting))
"""The rule of a file of settings."""

MERGED = {"parameters": "parameters", "runTags": "tags"}
"""Members that are merged key by key, with their names in StartRun."""

LEFT_OUT = {"runSettingId", "outputBucketOwnerId", *MERGED}
"""Members that StartRun does not have, or not as they are."""


def settings_of(batch: Batch) -> tuple[InlineSetting, ...]:
    """Return what is particular to each run of a batch.

    Raises:
        Refusal: There is no such file, it is not what it should be, or it has too many runs.
    """
    if batch.settings is not None:
        return batch.settings
    settings = tuple(read_part(SETTINGS, _items(batch)))
    for path, what in SETTINGS.problems(settings, "the file"):
        # Assumption: one wrong setting makes the whole batch fail.
        raise invalid(camel(f"The settings of the batch are wrong: {path} {what}"))
    _check_unique(settings)
    return settings


def _items(batch: Batch) -> Sequence[Any]:
    if batch.content is None:
        raise invalid(f"The file of settings {batch.uri} is not there, or can't be read.")
    try:
        items = decoded(batch.content.encode(errors="surrogatepass"))
    except ValueError as error:
        raise invalid(f"The file of settings {batch.uri} is not JSON: {error}") from None
    if not is_sequence(items) or not items:
        raise invalid(f"The file of settings {batch.uri} is no list of settings.")
    if len(items) > MOST_RUNS:
        raise invalid(f"The batch has {len(items)} runs; {MOST_RUNS} is the most it may have.")
    return items


def _check_unique(settings: Sequence[InlineSetting]) -> None:
    (name, count), *_ = Counter(setting.run_setting_id for setting in settings).most_common(1)
    if count > 1:
        raise invalid(f"Each runSettingId must be unique, but {count} settings have {name!r}.")


def merged(default: Mapping[str, Any], setting: InlineSetting) -> dict[str, Any]:
    """Return what a run of a batch is started with, by the wire names of StartRun.

    What is particular to the run wins over what all runs have in common. The owner of the bucket
    goes no further than the batch: no answer about a run shows it.
    """
    own = setting.to_dict()
    members = {key: value for key, value in {**default, **own}.items() if key not in LEFT_OUT}
    for source, name in MERGED.items():
        if source in default or source in own:
            members[name] = {**default.get(source, {}), **own.get(source, {})}
    return members
