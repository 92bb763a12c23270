# The table and target/bench.json.
# shellcheck shell=bash

report() {
    local json=${JSON:-target/bench.json} cpu machine version
    cpu=$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)
    machine="$(nproc) cores, ${cpu:-unknown processor}, $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' \
        /proc/meminfo), Linux $(uname -r)"
    version=$("$mannerly" --version)
    mkdir -p "$(dirname "$json")"
    printf '%s\n' "${results[@]}" | awk -F'\t' -v version="$version" -v machine="$machine" -v date="$(date -u +%FT%TZ)" '
        function text(name, value) { return value == "-" ? "" : sprintf(",\"%s\":\"%s\"", name, value) }
        function number(name, value) { return value == "-" ? "" : sprintf(",\"%s\":%s", name, value) }
        BEGIN { printf "{\"version\":\"%s\",\"machine\":\"%s\",\"date\":\"%s\",\"results\":[", version, machine, date }
        {
            printf "%s\n{\"name\":\"%s\",\"unit\":\"%s\"%s%s%s%s%s%s}", (NR > 1 ? "," : ""), $1, $2,
                number("mannerly", $3), number("peer", $4), text("peer_name", $5), number("ratio", $6),
                text("goal", $7), text("note", $8)
        }
        END { print "\n]}" }' >"$json"
    printf '%s\n' "${results[@]}" | awk -F'\t' '
        function short(value) { return value == "-" ? "" : value >= 100 ? sprintf("%.0f", value) : sprintf("%.2f", value) }
        BEGIN { printf "\n%-46s %12s %12s %7s  %s\n", "", "mannerly", "peer", "ratio", "goal" }
        {
            printf "%-46s %12s %12s %7s  %s", $1 ", " $2, short($3), short($4), short($6), $7 == "-" ? "" : $7
            if ($5 != "-") printf " (peer: %s)", $5
            if ($8 != "-") printf "; %s", $8
            print ""
        }'
    printf '\n%s, %s; everything on this machine. Written to %s\n' "$version" "$machine" "$json"
}
