# The machine, the table and target/bench.json.
# shellcheck shell=bash

# machine: one line about what this runs on: processor, cores, memory, kernel, file system, and what a synced write costs.
machine() {
    local cpu disk sync
    cpu=$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)
    disk=$(df --output=fstype,source "$work" | tail -1 | awk '{ print $1 " on " $2 }')
    # As SQLite and PostgreSQL do it for each commit: a write that is on the disk before the next.
    sync=$({ dd if=/dev/zero of="$work/synced" bs=4k count=500 oflag=dsync 2>&1 || true; } |
        sed -n 's/.*, \([0-9.e-]*\) s, .*/\1/p')
    rm -f "$work/synced"
    printf '%s cores of %s, %s, Linux %s, %s (a synced write of 4 KiB takes %.2f ms)' "$(nproc)" \
        "${cpu:-an unknown processor}" "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" \
        "$(uname -r)" "$disk" "$(calc "${sync:-0} * 2")"
}

report() {
    local json=${JSON:-target/bench.json} version
    version=$("$mannerly" --version)
    mkdir -p "$(dirname "$json")"
    touch "$work/results" "$work/sections"
    awk -F'\t' -v version="$version" -v machine="$machine" -v date="$(date -u +%FT%TZ)" '
        function quoted(value) { gsub(/["\\]/, "\\\\&", value); return "\"" value "\"" }
        function text(name, value) { return value == "-" ? "" : sprintf(",\"%s\":%s", name, quoted(value)) }
        function number(name, value) { return value == "-" ? "" : sprintf(",\"%s\":%s", name, value) }
        BEGIN {
            printf "{\"version\":%s,\"machine\":%s,\"date\":%s,\"sections\":[", quoted(version), quoted(machine), quoted(date)
        }
        FILENAME ~ /sections$/ {
            printf "%s\n{\"name\":%s,\"seconds\":%s,\"complete\":%s}", (FNR > 1 ? "," : ""), quoted($1), $2,
                $3 == 0 ? "true" : "false"
            next
        }
        {
            printf "%s\n{\"name\":%s,\"unit\":%s%s%s%s%s%s%s}", (FNR > 1 ? "," : "\n],\"results\":["), quoted($1), quoted($2),
                number("mannerly", $3), number("peer", $4), text("peer_name", $5), number("ratio", $6),
                text("goal", $7), text("note", $8) number("p50_ms", $9) number("p99_ms", $10) \
                number("cpu_seconds_per_10000", $11) number("database_cpu_seconds_per_10000", $12) \
                number("peer_cpu_seconds_per_10000", $13)
            any = 1
        }
        END { print any ? "\n]}" : "\n],\"results\":[]}" }' "$work/sections" "$work/results" >"$json"
    awk -F'\t' '
        function short(value) { return value == "-" ? "" : value >= 100 ? sprintf("%.0f", value) : sprintf("%.2f", value) }
        function fine(value) { return value == "-" ? "" : sprintf("%.3f", value) }
        BEGIN {
            printf "\n%-50s %10s %10s %7s %8s %8s %6s %6s %6s  %s\n", "", "mannerly", "peer", "ratio", "p50 ms", "p99 ms",
                "CPU", "db CPU", "peer", "goal (CPU: seconds for 10,000)"
        }
        {
            printf "%-50s %10s %10s %7s %8s %8s %6s %6s %6s  %s", $1 ", " $2, short($3), short($4), short($6), fine($9),
                fine($10), fine($11), fine($12), fine($13), $7 == "-" ? "" : $7
            if ($5 != "-") printf " (peer: %s)", $5
            if ($8 != "-") printf "; %s", $8
            print ""
        }' "$work/results"
    awk -F'\t' '{ printf "%s%s %.0f s%s", (NR > 1 ? ", " : "\nTime: "), $1, $2, $3 == 0 ? "" : " (failed)" } END { print "." }' \
        "$work/sections"
    printf '%s, %s; everything on this machine. Written to %s\n' "$version" "$machine" "$json"
}
