"""Rules that tie several members of one request together, by the request's or the part's name.

The service would find them out too, but slowly: after a round trip, or minutes into a paid run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from omics_runs._narrow import is_mapping, is_sequence

if TYPE_CHECKING:
    from omics_runs._rules import Problem

PARAMETERS_LIMIT = 50_000
"""Most bytes that the parameters of a run may have, by the service's fixed quotas."""

TAGS_LIMIT = 50
"""Most tags that anything may have."""

INLINE_LIMIT = 100
"""Most settings that a batch may be sent with; more of them go into a file."""

Check: TypeAlias = Callable[[Any], "Iterator[Problem]"]


def problems(request: object) -> Iterator[Problem]:
    """Yield what is wrong with how the members of a request, or of a part of one, go together."""
    for kind in type(request).__mro__:
        for rule in RULES.get(kind.__name__, ()):
            yield from rule(request)


def not_a_member(key: str, kind: str, members: Iterable[str]) -> str:
    """Return what is wrong with a member that a part of a request doesn't have, but `members`."""
    if key == "runId":
        return f"is not a member of {kind}; a batch duplicates no runs, use start_run for that"
    return f"is not a member of {kind}{did_you_mean(key, members)}"


def did_you_mean(key: str, members: Iterable[str]) -> str:
    """Return the question whether a member was meant whose name comes close; empty if none does."""
    from difflib import get_close_matches  # noqa: PLC0415  (for mistakes only)

    near = get_close_matches(str(key), members, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def parameters_size(parameters: object) -> int:
    """Return the bytes of a document in its shortest form; 0 for what is no JSON object."""
    if not is_mapping(parameters):
        return 0
    try:
        text = json.dumps(parameters, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return 0  # the document's own rule has the words for it
    return len(text.encode(errors="surrogatepass"))


def _needs_something_to_run(request: Any) -> Iterator[Problem]:
    if request.workflow_id is None and request.run_id is None:
        yield "workflow_id", "give workflow_id to start a workflow, or run_id to duplicate a run"


def _ready2run_brings_its_storage(request: Any) -> Iterator[Problem]:
    if request.workflow_type != "READY2RUN":
        return
    if request.storage_capacity is not None:
        yield "storage_capacity", "leave it out: a READY2RUN workflow brings its own storage"
    if request.storage_type is not None and request.storage_type != "DYNAMIC":
        yield "storage_type", "leave it out: READY2RUN workflows run with DYNAMIC storage"


def _no_ready2run_in_a_batch(setting: Any) -> Iterator[Problem]:
    if setting.workflow_type == "READY2RUN":
        yield "workflow_type", "READY2RUN workflows can't run in a batch; use start_run for each"


def _cache_and_network(setting: Any) -> Iterator[Problem]:
    if setting.cache_behavior is not None and setting.cache_id is None:
        yield "cache_behavior", "needs a cache_id; give one, or leave cache_behavior out"
    if setting.networking_mode == "VPC" and setting.configuration_name is None:
        yield "networking_mode", "VPC needs a configuration_name, which says which network"
    if setting.configuration_name is not None and setting.networking_mode != "VPC":
        yield "configuration_name", "needs networking_mode='VPC'; without it nothing would use it"


def _cache_and_network_of_a_new_run(request: Any) -> Iterator[Problem]:
    if request.run_id is None:  # else what is missing comes from the run that is duplicated
        yield from _cache_and_network(request)


def _parameters_fit(request: Any) -> Iterator[Problem]:
    size = parameters_size(request.parameters)
    if size > PARAMETERS_LIMIT:
        yield "parameters", _too_long("the parameters have", size)


def _too_long(who: str, size: int) -> str:
    advice = "put long lists into a file in S3 and pass its URI"
    return f"{who} {size:,} bytes as JSON, {PARAMETERS_LIMIT:,} are allowed; {advice}"


def _tags_fit(request: Any) -> Iterator[Problem]:
    yield from _count_tags("tags", request.tags)


def _run_tags_fit(request: Any) -> Iterator[Problem]:
    yield from _count_tags("run_tags", request.run_tags)


def _count_tags(name: str, tags: Mapping[str, str] | None) -> Iterator[Problem]:
    count = _size(tags)
    if count > TAGS_LIMIT:
        yield name, f"{count} tags are given, {TAGS_LIMIT} are allowed"


def _size(mapping: Any) -> int:
    return len(mapping) if is_mapping(mapping) else 0


def _batch_settings_fit(request: Any) -> Iterator[Problem]:
    settings: Any = getattr(request.batch_run_settings, "value", None)
    if not is_sequence(settings):
        return
    path = "batch_run_settings.value"
    if len(settings) > INLINE_LIMIT:
        yield path, f"put more than {INLINE_LIMIT} settings into a file in S3: S3UriSettings(uri)"
    yield from _twice(settings, path)
    for place, setting in enumerate(settings):
        for name, what in _merged(request.default_run_setting, setting):
            yield f"{path}[{place}].{name}", what


def _twice(settings: Sequence[Any], path: str) -> Iterator[Problem]:
    first: dict[object, int] = {}
    for place, setting in enumerate(settings):
        name = getattr(setting, "run_setting_id", None)
        if isinstance(name, str) and first.setdefault(name, place) != place:
            what = f"{name!r} is the id of setting {first[name]} too; each needs its own"
            yield f"{path}[{place}].run_setting_id", what


def _merged(default: Any, setting: Any) -> Iterator[Problem]:
    """Yield what is wrong only once the batch's defaults and a run's setting are put together."""
    shared, own = (_mapping_of(one, "parameters") for one in (default, setting))
    size = parameters_size({**shared, **own})
    if max(map(parameters_size, (shared, own))) <= PARAMETERS_LIMIT < size:
        yield "parameters", _too_long("with those of the batch they have", size)
    shared, own = (_mapping_of(one, "run_tags") for one in (default, setting))
    count = len({**shared, **own})
    if len(own) <= TAGS_LIMIT and len(shared) <= TAGS_LIMIT < count:
        yield "run_tags", f"with those of the batch there are {count}, {TAGS_LIMIT} are allowed"


def _mapping_of(setting: Any, name: str) -> Mapping[Any, Any]:
    found = getattr(setting, name, None)
    return found if is_mapping(found) else {}


def _one_log_group(request: Any) -> Iterator[Problem]:
    given = [request.log_group_name, request.log_group_identifier]
    if given.count(None) != 1:
        yield "log_group_name", "give either log_group_name or log_group_identifier"


def _prefix_sorts_by_name(request: Any) -> Iterator[Problem]:
    if request.log_stream_name_prefix is not None and request.order_by == "LastEventTime":
        yield "order_by", "streams with a prefix can only be sorted by LogStreamName"


RULES: Mapping[str, tuple[Check, ...]] = {
    "StartRunRequest": (
        _needs_something_to_run,
        _ready2run_brings_its_storage,
        _cache_and_network_of_a_new_run,
        _parameters_fit,
        _tags_fit,
    ),
    "StartRunBatchRequest": (_batch_settings_fit, _tags_fit),
    "DefaultRunSetting": (
        _no_ready2run_in_a_batch,
        _cache_and_network,
        _parameters_fit,
        _run_tags_fit,
    ),
    "InlineSetting": (_parameters_fit, _run_tags_fit),
    "CreateRunGroupRequest": (_tags_fit,),
    "CreateRunCacheRequest": (_tags_fit,),
    "GetLogEventsRequest": (_one_log_group,),
    "DescribeLogStreamsRequest": (_one_log_group, _prefix_sorts_by_name),
}
"""The rules of each request, and of each part of one."""
