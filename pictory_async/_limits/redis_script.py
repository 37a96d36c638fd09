"""The arithmetic of `SharedWindow` as a script that Redis and Valkey run, so that one round trip changes the state.

The clock is the server's. The state is one hash. The server forgets it if it is started again, another one takes its
place or the hash is removed: the id of the server's run is in it, and if that is another one, nothing is known about
the requests before. So it is if the hash was changed by something else, which the checksum in it shows. Then, and the
first time, the budget begins as if all that could be given out had been.

A test compares the results with those of `SharedWindow`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pictory_async._limits.shared import BudgetTerms, SharedPace

SCRIPT: Final = """
local never, week = -1e18, 604800
local names = {'due', 'last', 'apart', 'not_before', 'lowered_at', 'asked', 'count',
               'steps', 'progress', 'share', 'start', 'peak'}
local operation, epoch = ARGV[1], ARGV[2]
local numbers = {}
for i = 3, #ARGV do numbers[i - 2] = tonumber(ARGV[i]) end
local spacing, tolerance, ahead, together, burst, slots, value = unpack(numbers, 1, 7)
local pace = {steps = numbers[8], progress = numbers[9], share = numbers[10], start = numbers[11], peak = numbers[12]}
local age = numbers[13]

local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local about = redis.pcall('INFO', 'server')
local run = type(about) == 'string' and string.match(about, 'run_id:(%x+)') or 'unknown'

local state, raw = {}, redis.call('HMGET', KEYS[1], 'check', 'run', 'epoch', unpack(names))
for i = 1, #raw do raw[i] = raw[i] or '' end
local known = raw[2] == run and raw[1] == redis.sha1hex(table.concat(raw, ' ', 2))
for i, name in ipairs(names) do
    state[name] = known and tonumber(raw[i + 3]) or never
end
local current = known and raw[3] or string.format('%s-%.6f', string.sub(run, 1, 8), now)
if not known then
    state.due, state.last = now + ahead + tolerance + spacing, now + ahead
    state.count, state.steps, state.progress, state.share, state.start, state.peak = 0, 0, 0, 1, 1, 1
end

local granted, start = 0, now
if operation == 'give back' then
    local later = state.count - value
    if epoch == current and later >= 0 then
        local earliest = later > 0 and state.last + later * spacing or never
        state.due = math.min(state.due, math.max(state.due - slots * spacing, earliest))
    end
else
    local back = state.asked - now  -- more than 0: the clock was set back
    for i = 1, back > 0 and 6 or 0 do state[names[i]] = state[names[i]] - back end
    state.asked = now
    if pace.steps > state.steps or (pace.steps == state.steps and pace.progress > state.progress) then
        if state.share >= 1 and pace.share < 1 then
            state.apart = math.min(state.due, now + math.max(spacing / pace.share, 60))
        end
        for name, number in pairs(pace) do state[name] = number end
        state.lowered_at = now - age
    end
end
if operation == 'report' then
    state.not_before = math.max(state.not_before, now + math.min(value, 3600))
elseif operation == 'lease' then
    state.due = math.min(state.due, now + ahead + tolerance + spacing)
    local step, free = 0, 1
    start = math.max(now, state.not_before, state.due - tolerance)
    if state.share < 1 then
        step = spacing / state.share
        start = math.max(start, math.min(state.apart, now + math.max(step, 60)))
    end
    local latest = now + math.min(value, ahead)
    if start <= latest then
        if step == 0 then free = 1 + (start - (state.due - tolerance)) / spacing end
        granted = math.min(slots, math.floor(math.min(free, burst)))
        local more = math.min(slots, together)
        local start_of_more = math.max(start, state.due + (more - 1) * spacing - tolerance)
        if granted < more and step == 0 and start_of_more <= latest then
            granted, start = more, start_of_more
        end
        state.due = math.max(state.due, start) + granted * spacing
        state.apart = step > 0 and start + granted * step or never
        state.last = start
        state.count = state.count + granted
    end
end

local fields, values = {'run', run, 'epoch', current}, {run, current}
local answer = {current, granted, string.format('%.17g', start - now)}
for _, name in ipairs(names) do
    local text = string.format('%.17g', state[name])
    fields[#fields + 1] = name
    fields[#fields + 1] = text
    values[#values + 1] = text
end
fields[#fields + 1] = 'check'
fields[#fields + 1] = redis.sha1hex(table.concat(values, ' '))
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('EXPIRE', KEYS[1], week)
for _, name in ipairs({'count', 'steps', 'progress', 'share', 'start', 'peak'}) do
    answer[#answer + 1] = string.format('%.17g', state[name])
end
answer[#answer + 1] = string.format('%.17g', state.steps > 0 and math.max(0, now - state.lowered_at) or 0)
return answer
"""

_FOREVER: Final = 1e18


def script_arguments(
    operation: str, terms: BudgetTerms, slots: int, value: float, pace: SharedPace, epoch: str = ""
) -> list[str]:
    """What the script is called with.

    Args:
        operation: ``lease``, ``report`` or ``give back``.
        terms: What the limiter promises.
        slots: How many requests are asked for or returned.
        value: ``within`` of a lease, the pause of a report, the mark of what is returned.
        pace: What the limiter knows of the pace.
        epoch: The epoch of the lease that is returned.
    """
    budget = (terms.spacing, terms.tolerance, terms.ahead, terms.together, terms.burst, slots, min(value, _FOREVER))
    known = (pace.steps, pace.progress, pace.share, pace.start, pace.peak, pace.age)
    return [operation, epoch, *(repr(float(number)) for number in (*budget, *known))]
