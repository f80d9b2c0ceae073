"""What Redis does in one step for a queue, in its own language.

``KEYS`` are the streams of the levels, the most urgent first, and the stream of dead letters. An entry has
the fields ``i`` (the message's id) and ``b`` (its body); a dead letter also ``l`` (its level), ``g`` (its
group), ``n`` (attempts) and ``w`` (why). A script that fails has done nothing: Redis refuses for want of
memory, or on a replica, at the first write and at no later one.
"""

_SHARED = """
local DEAD = KEYS[#KEYS]

local function held()
  local sum = 0
  for _, key in ipairs(KEYS) do sum = sum + redis.call('XLEN', key) end
  return sum
end

local function comes_after(a, b)
  local a_ms, a_n = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_n = string.match(b, '(%d+)-(%d+)')
  if a_ms ~= b_ms then return tonumber(a_ms) > tonumber(b_ms) end
  return tonumber(a_n) > tonumber(b_n)
end

local function other_groups(key, group)
  local others, groups = {}, redis.pcall('XINFO', 'GROUPS', key) -- none if the stream is gone
  for _, each in ipairs(groups) do
    if each[2] ~= group then table.insert(others, {name = each[2], last = each[8]}) end
  end
  return others
end

local function needed(key, id, groups)
  for _, group in ipairs(groups) do
    if comes_after(id, group.last) then return true end
    if #redis.call('XPENDING', key, group.name, id, id, 1) > 0 then return true end
  end
  return false
end

local function settle(key, group, ids)
  local others, gone = other_groups(key, group), {}
  for _, id in ipairs(ids) do
    if not needed(key, id, others) then table.insert(gone, id) end
  end
  redis.call('XACK', key, group, unpack(ids))
  if #gone > 0 then redis.call('XDEL', key, unpack(gone)) end
end

local function fields_of(entry)
  local fields = {}
  for at = 1, #entry[2], 2 do fields[entry[2][at]] = entry[2][at + 1] end
  return fields
end

local function bury(level, group, entry, attempts, why, bound)
  local key, id, fields = KEYS[level], entry[1], fields_of(entry)
  if held() >= bound and needed(key, id, other_groups(key, group)) then return end
  redis.call('XADD', DEAD, '*', 'i', fields.i or '', 'b', fields.b or '', 'l', level - 1,
    'g', group, 'n', attempts, 'w', why)
  settle(key, group, {id})
end
"""

PUT = (
    _SHARED
    + """
local bound, many = tonumber(ARGV[1]), (#ARGV - 1) / 3
local before = held()
if before + many > bound then return before end
for at = 2, #ARGV, 3 do
  redis.call('XADD', KEYS[ARGV[at] + 1], '*', 'i', ARGV[at + 1], 'b', ARGV[at + 2])
end
return -1
"""
)
"""``ARGV``: the bound; then level, id and body of each message. Returns -1, or how many it holds if full."""

TAKE = (
    _SHARED
    + """
local group, consumer, most, idle_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local attempts_max, bound, look, why = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
local given = {}

local function take_over(level)
  local key, cursor = KEYS[level], '0-0'
  repeat
    local page = redis.pcall('XAUTOCLAIM', key, group, consumer, idle_ms, cursor, 'COUNT', most - #given)
    if page.err then return end
    cursor = page[1]
    for _, entry in ipairs(page[2]) do
      if entry then
        local attempts = redis.call('XPENDING', key, group, entry[1], entry[1], 1)[1][4]
        if attempts > attempts_max then
          bury(level, group, entry, attempts - 1, why, bound)
        else
          table.insert(given, {level - 1, entry[1], attempts, entry[2]})
        end
      end
    end
  until cursor == '0-0' or #given >= most
end

local function read(level)
  local many = most - #given
  return redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', many, 'STREAMS', KEYS[level], '>')
end

for level = 1, #KEYS - 1 do
  if look and #given < most then take_over(level) end
  if #given < most then
    local found = read(level)
    if found and found.err and string.find(found.err, 'NOGROUP') then
      redis.call('XGROUP', 'CREATE', KEYS[level], group, '0', 'MKSTREAM')
      found = read(level)
    end
    if found and found.err then return found end
    for _, entry in ipairs(found and found[1][2] or {}) do
      table.insert(given, {level - 1, entry[1], 1, entry[2]})
    end
  end
end

local ends = {}
if #given == 0 then
  for level = 1, #KEYS - 1 do ends[level] = redis.call('XINFO', 'STREAM', KEYS[level])[8] end
end
return {given, ends}
"""
)
"""``ARGV``: group, consumer, how many at most, idle time in ms, attempts, bound, whether to look for what was
abandoned, and why that may be dead. Returns level, entry, attempt and fields of each; if there are none,
where each level ends."""

ACKNOWLEDGE = (
    _SHARED
    + """
for level = 1, #KEYS - 1 do
  local ids = {}
  for at = 2, #ARGV, 2 do
    if tonumber(ARGV[at]) == level - 1 then table.insert(ids, ARGV[at + 1]) end
  end
  if #ids > 0 then settle(KEYS[level], ARGV[1], ids) end
end
"""
)
"""``ARGV``: the group; then level and entry of each message."""

FAIL = (
    _SHARED
    + """
local group, consumer, attempts_max, bound = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local final, why = ARGV[5] == '1', ARGV[6]
for at = 7, #ARGV, 2 do
  local level, id = tonumber(ARGV[at]) + 1, ARGV[at + 1]
  local mine = redis.pcall('XPENDING', KEYS[level], group, id, id, 1, consumer)
  if mine[1] and (final or mine[1][4] >= attempts_max) then
    local entry = redis.call('XRANGE', KEYS[level], id, id)[1]
    if entry then bury(level, group, entry, mine[1][4], why, bound) end
  end
end
"""
)
"""``ARGV``: group, consumer, attempts, bound, whether it is final, why; level and entry of each message."""

RETRY = (
    _SHARED
    + """
local many = 0
for _, letter in ipairs(ARGV) do
  local entry = redis.call('XRANGE', DEAD, letter, letter)[1]
  if entry then
    local fields = fields_of(entry)
    redis.call('XADD', KEYS[fields.l + 1], '*', 'i', fields.i, 'b', fields.b)
    redis.call('XDEL', DEAD, letter)
    many = many + 1
  end
end
return many
"""
)
"""``ARGV``: dead letters. Returns how many were put back."""

FIGURES = """
local levels = {}
for level = 1, #KEYS - 1 do
  local groups, in_hand = redis.pcall('XINFO', 'GROUPS', KEYS[level]), {}
  for _, each in ipairs(groups) do table.insert(in_hand, {each[2], each[6]}) end
  levels[level] = {redis.call('XLEN', KEYS[level]), in_hand}
end
return {redis.call('XLEN', KEYS[#KEYS]), levels}
"""
"""Returns how many dead letters there are; how many entries each level has, and its groups in hand."""
