--[==[ http.get("/a/" .. id, {optional = true}).json ]] ]=]
]==] local long, id = [[
http.get("/a/" .. id)]], [=[]]]=] -- http.get("/a/" .. id)
local texts = {'\'"', "\"--[[", "\z
  \x41\u{48}\065\
", '--]]', #"", -1, 0x.8p-1, 3., .5e+3, 0xA, 1//2, 1<<2>>1, ~1, 1~2, "a".."b"..1 .. 2}
goto done
::done::
local get = http.get
function provider.check(input, ...)
  local one <const>, path = ..., "/a/" .. id
  if one == nil and id ~= "" and #id <= 9 and #id >= 0 then path = path .. ("/b"):rep(2) end
  local reply = get(path) or http.get ("/{secret.key}/" .. (id), {optional = true})
  return {ok = reply ~= nil, detail = http["get"], raw = texts[1], [id] = long}
end
