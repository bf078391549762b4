-- The metrics of redis-assess for redis_exporter (github.com/oliver006/redis_exporter, Debian: prometheus-redis-exporter):
--
--     prometheus-redis-exporter -script /path/to/redis_exporter.lua
--
-- The exporter shows what a script returns, names and values by turn, as redis_script_values{key="name"} value. Here a name
-- is that of a sample with its labels, as in CACHE.METRICS. metric_relabel_configs of Prometheus make it the name of the
-- metric again: docs/operations.md#monitoring has them. The exporter's user needs +eval and +cache.metrics.
local samples = {}
for line in string.gmatch(redis.call('CACHE.METRICS'), '[^\n]+') do
    -- The value is after the last space: labels may contain spaces.
    local name, value = string.match(line, '^([^#].*) (%S+)$')
    if name then
        samples[#samples + 1] = name
        samples[#samples + 1] = value
    end
end
return samples
