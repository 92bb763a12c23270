# pages: how long the public pages take with a million people in the database, on SQLite and on PostgreSQL.
# timing: whether the time of an answer tells if an address is known: the forms for a link and for signing up, posted with known
# and unknown addresses in a shuffled order, compared by medians and by ranks (Mann and Whitney).
# shellcheck shell=bash

# The people whose letters bring the links.
people_pages=${PEOPLE_PAGES:-2000}
# Posted forms of each kind.
posts_timing=${POSTS:-${quick:+300}} posts_timing=${posts_timing:-2000}
# Few at a time, as it is with pages for people.
connections_pages=${CONNECTIONS_PAGES:-4}

# write_visitors: a CSV file of people with several choices, who alone agreed to product updates.
write_visitors() {
    awk -v count="$people_pages" -v agreed="$(date -u -d "-20 days" +%FT%TZ)" 'BEGIN {
        print "email,first_name,topics,consented_at,permission_opens,permission_clicks"
        for (n = 0; n < count; n++)
            printf "visitor%d@d%d.example.com,Ana,newsletter:email product-updates:email transport:email,%s,yes,yes\n", n, n % 50, agreed
    }'
}

# press PATHS BUTTON: a button of the preference page of each of them; where each answer leads.
press() {
    local n=0 path
    while read -r path; do
        n=$((n + 1))
        curl -sSf -o /dev/null -w '%{redirect_url}\n' -H "X-Forwarded-For: 10.1.$((n / 256)).$((n % 256))" \
            --data "action=$2" "http://127.0.0.1:$port$path"
    done <"$1"
}

# prepare_pages: on the database that is open, a campaign that goes to the visitors and to nobody else of the million, and
# some who stop everything or ask for their data; the paths of their pages.
prepare_pages() {
    local id mails=$work/pages.mails _
    write_visitors >"$work/visitors.csv"
    "$mannerly" import "$work/visitors.csv" --brand civic --source "Conference" \
        --wording "Civic Notes may send me what I chose, until I say stop." >"$work/import.log" 2>&1 ||
        fail "$(cat "$work/import.log")"
    rm -rf "$mails"
    serve --mail "folder:$mails" --relay-signs --behind-proxy
    id=$(api campaigns --data '{"brand": "civic", "name": "Pages", "topic": "product-updates", "subject": "News",
        "html": "<p>News</p>", "text": "News"}' | field id)
    schedule "$id"
    wait_until "$id" sent
    api "campaigns/$id/archive" -o /dev/null -X PUT
    api brands/civic/notices -o /dev/null --data '{"version": "2", "text": "# Privacy\n\nWhat we keep of you, and why."}'
    letters=$mails joined_letters >"$work/letters.txt"
    write_paths preferences p "$people_pages"
    write_paths unsubscribe u "$people_pages"
    write_paths view v "$people_pages"
    echo /b/civic/sign-up >"$work/sign-up.paths"
    echo /b/civic/link >"$work/link.paths"
    echo /b/civic/archive >"$work/archive.paths"
    echo /b/civic/privacy >"$work/notice.paths"
    head -n 100 "$work/preferences.paths" >"$work/some.paths"
    press "$work/some.paths" data-link >/dev/null
    press "$work/some.paths" stop | sed -n 's|^http://[^/]*\(/r/[A-Za-z0-9_-]*\).*|\1|p' >"$work/result.paths"
    (($(wc -l <"$work/result.paths") == 100)) || fail "Not every press leads to a page of what was done."
    for _ in $(seq 300); do
        letters=$mails joined_letters >"$work/letters.txt"
        (($(grep -o '/d/[A-Za-z0-9_-]*' "$work/letters.txt" | sort -u | wc -l) < 100)) || break
        sleep 0.1
    done
    write_paths data d 100
    stop "$server"
    rm -rf "$mails" "$work/letters.txt"
}

# write_paths NAME KIND COUNT: so many links of a kind that the letters in $work/letters.txt have.
write_paths() {
    grep -o "/$2/[A-Za-z0-9_-]*" "$work/letters.txt" | sort -u | shuf --random-source=/dev/zero >"$work/$1.paths"
    (($(wc -l <"$work/$1.paths") == $3)) || fail "Not every letter has a link to its page: $1."
}

# pages_on DATABASE: on the database that is open.
pages_on() {
    local name rate connections=$connections_pages
    prepare_pages
    serve --mail "folder:$work/unused"
    for name in preferences unsubscribe result data view sign-up link archive notice; do
        write_script "$name"
        rate=$(load "$port" "$name")
        printf '  %s, %s: %.0f per second, 50%% within %s, 99%% within %s\n' "$name" "$1" "$rate" "$(latency 50)" "$(latency 99)"
        add_result "page $name, $1, p99" "ms" "$(milliseconds "$(latency 99)")" - - - "under 10" \
            "$people_million people, $connections connections: $(calc "$rate") per second, 50% within $(latency 50)"
    done
    stop "$server"
}

pages() {
    echo "Pages: $people_million people, $connections_pages connections, $seconds_pixel s each…"
    open_million
    # A copy, so that the sections that share the database find it as it was made.
    sqlite3 "$work/million.db" ".backup '$work/pages.db'"
    DATABASE_URL=sqlite:$work/pages.db
    export DATABASE_URL
    pages_on SQLite
    rm -f "$work/pages.db"*
    [[ -n $(postgres_bin) ]] || { echo "On PostgreSQL: left out, since its binaries are missing."; return; }
    start_postgres
    prepare "$postgres_url" "$people_million" unsigned 0
    pages_on PostgreSQL
    stop_postgres
    rm -rf "$work/postgres"
}

# write_posts FORM: curl's configuration of as many posts with known as with unknown addresses, shuffled, each from a network
# of its own. The kinds, in the same order, are in $work/timing.kinds.
write_posts() {
    local seen fields=
    if [[ $1 == sign-up ]]; then
        seen=$(curl -sSf "http://127.0.0.1:$port/b/civic/sign-up" | sed -n 's/.*name="seen" value="\([^"]*\)".*/\1/p' | head -1)
        fields="data-urlencode = \"seen=$seen\"
data-urlencode = \"shown=newsletter:email\"
data-urlencode = \"choice=newsletter:email\""
    fi
    awk -v count="$posts_timing" 'BEGIN { for (n = 0; n < count; n++) { print "known reader" n "@d" n % 50; print "unknown nobody" n "@d" n % 50 } }' |
        shuf >"$work/timing.order"
    awk '{ print $1 }' "$work/timing.order" >"$work/timing.kinds"
    awk -v url="http://127.0.0.1:$port/b/civic/$1" -v fields="$fields" '{
        if (NR > 1) print "next"
        printf "silent\nurl = \"%s\"\n", url
        printf "data-urlencode = \"email=%s.example.com\"\n%s\n", $2, fields
        printf "header = \"X-Forwarded-For: 10.%d.%d.%d\"\n", NR / 65536, NR / 256 % 256, NR % 256
        printf "output = \"/dev/null\"\nwrite-out = \"%%{http_code} %%{time_pretransfer} %%{time_starttransfer}\\n\"\n"
    }' "$work/timing.order" >"$work/timing.curl"
}

# compare: of lines `kind microseconds` the medians of both kinds, z of the rank-sum test, and its two-sided p.
compare() {
    sort -g -k2 | awk '
        { kind[NR] = $1; value[NR] = $2; count[$1]++; of[$1, count[$1]] = $2 }
        END {
            for (i = 1; i <= NR; i = j) {
                for (j = i; j <= NR && value[j] == value[i]; j++) { }
                ties += (j - i) ^ 3 - (j - i)
                for (k = i; k < j; k++) if (kind[k] == "known") ranks += (i + j - 1) / 2
            }
            n = count["known"]; m = count["unknown"]
            mean = n * (NR + 1) / 2
            deviation = sqrt(n * m / 12 * ((NR + 1) - ties / (NR * (NR - 1))))
            z = (ranks - mean) / deviation
            x = (z < 0 ? -z : z) / sqrt(2); t = 1 / (1 + 0.3275911 * x)
            # Abramowitz and Stegun, 7.1.26.
            p = (((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-x * x)
            printf "%.1f %.1f %.2f %.3f\n", of["known", int((n + 1) / 2)], of["unknown", int((m + 1) / 2)], z, p
        }'
}

# timing_on DATABASE: on the database that is open; the first readers of it are known.
timing_on() {
    local form known unknown z p
    serve --mail "folder:$work/timing.mails" --behind-proxy
    for form in link sign-up; do
        write_posts "$form"
        curl --config "$work/timing.curl" >"$work/timing.answers"
        awk '$1 != 200 { exit 1 }' "$work/timing.answers" || fail "Not every form was taken: $(sort "$work/timing.answers" | head -1)"
        paste -d' ' "$work/timing.kinds" "$work/timing.answers" |
            awk '{ printf "%s %.1f\n", $1, ($4 - $3) * 1000000 }' >"$work/timing.values"
        read -r known unknown z p < <(compare <"$work/timing.values")
        printf '  %s, %s: known %s µs, unknown %s µs, z %s, p %s\n' "$form" "$1" "$known" "$unknown" "$z" "$p"
        add_result "form $form, $1, known beside unknown" "µs" "$known" "$unknown" "an unknown address" \
            "$(calc "$known / $unknown")" "p above 0.01" \
            "medians of $posts_timing posts of each kind, shuffled; ranks differ by z = $z, p = $p"
    done
    stop "$server"
    rm -rf "$work/timing.mails"
}

timing() {
    local people_timing=${PEOPLE_TIMING:-20000}
    echo "Timing: $posts_timing posts with known and as many with unknown addresses, $people_timing people…"
    prepare "sqlite:$work/timing.db" "$people_timing" unsigned 0
    timing_on SQLite
    rm -f "$work/timing.db"*
    [[ -n $(postgres_bin) ]] || { echo "On PostgreSQL: left out, since its binaries are missing."; return; }
    start_postgres
    prepare "$postgres_url" "$people_timing" unsigned 0
    timing_on PostgreSQL
    stop_postgres
    rm -rf "$work/postgres"
}
