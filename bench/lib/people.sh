# A catalogue, people and campaigns, made by the doors that everybody has: the API and `mannerly import`.
# shellcheck shell=bash

# open_database URL: a new database with one brand and its topics; the API key is in $key.
open_database() {
    export DATABASE_URL=$1
    "$mannerly" migrate >/dev/null
    key=$("$mannerly" api-key create --name bench --scopes admin)
    serve --mail "folder:$work/unused"
    api brands -o /dev/null --data '{"slug": "civic", "name": "Civic Notes", "legal_name": "Civic Notes Ltd",
        "registered_address": "1 Example Street, Exampleton EX1 1EX", "contact_email": "privacy@civic.example.com",
        "marketing_from": "news@civic.example.com", "service_from": "hello@civic.example.com",
        "base_url": "http://127.0.0.1:8080", "policy_url": "https://civic.example.com/privacy",
        "policy_version": "1"}'
    local topic
    for topic in communication:newsletter communication:product-updates subject:transport subject:grants \
        subject:social-care; do
        api brands/civic/topics -o /dev/null --data "{\"kind\": \"${topic%%:*}\", \"slug\": \"${topic##*:}\",
            \"name\": \"${topic##*:}\", \"channels\": [\"email\", \"post\"]}"
    done
    stop "$server"
}

# write_people FIRST COUNT: a CSV file of readers on standard output; a third of them allow opens and clicks.
write_people() {
    awk -v first="$1" -v count="$2" -v agreed="$(date -u -d "-20 days" +%FT%TZ)" 'BEGIN {
        firsts = split("Amara Ben Chloe David Ewa Femi Grace Hamza Isla Jack Keira Liam Maya Noah Olga Priya", given)
        lasts = split("Adeyemi Brown Clarke Davies Evans Fraser Green Hughes Iqbal Jones Lewis Murphy Patel", family)
        subjects = split("transport grants social-care", subject)
        print "email,first_name,last_name,company,country,topics,consented_at,permission_opens,permission_clicks"
        for (n = first; n < first + count; n++) {
            printf "reader%d@d%d.example.com,%s,%s,Exampleton Borough Council,GB,newsletter:email %s:email,%s,%s\n",
                n, n % 50, given[n % firsts + 1], family[int(n / 3) % lasts + 1], subject[n % subjects + 1],
                agreed, n % 3 ? "," : "yes,yes"
        }
    }'
}

# import_people FIRST COUNT: $imported rows in $import_seconds; $import_peak is what it held resident at most, and
# $import_early what that was after a second, in kB. The file stays for the next database of as many people.
import_people() {
    local begun file=$work/people.$1.$2.csv importer turn=0
    [[ -e $file ]] || write_people "$1" "$2" >"$file"
    begun=$(now)
    "$mannerly" import "$file" --brand civic --source "Conference" \
        --wording "Civic Notes may send me what I chose, until I say stop." >"$work/import.log" 2>&1 &
    importer=$!
    import_peak=0 import_early=0
    while kill -0 "$importer" 2>/dev/null; do
        import_peak=$(status "$importer" VmHWM 2>/dev/null || true)
        [[ -n $import_peak ]] || break
        turn=$((turn + 1))
        ((turn != 10)) || import_early=$import_peak
        printf '%s' "$import_peak" >"$work/import.peak"
        sleep 0.1
    done
    wait "$importer" || fail "$(cat "$work/import.log")"
    import_seconds=$(calc "$(now) - $begun")
    import_peak=$(cat "$work/import.peak" 2>/dev/null || echo 0)
    imported=$2
}

# write_campaign [SUBJECT_TOPIC...]: a campaign as JSON: a personal subject, 20 KB of HTML, a text part, five links.
write_campaign() {
    local subjects
    subjects=$(printf '"%s",' "$@")
    awk -v subjects="${*:+${subjects%,}}" 'BEGIN {
        split("grants transport care housing events", link)
        line = "Councils across the region have agreed what they will do next year, and what it will cost them. "
        hello = "Hello {{ first_name|default(\x27reader\x27) }}"
        html = "<!doctype html><html><head><title>The month</title></head><body><h1>" hello "</h1>"
        text = hello "\\n\\n"
        for (part = 1; part <= 5; part++) {
            url = "https://civic.example.com/" link[part] "?issue=11"
            html = html "<h2>News of " link[part] "</h2>"
            for (n = 0; n < 8; n++) {
                html = html "<p style=\\\"font: 16px/1.5 sans-serif; color: #222222; margin: 0 0 16px\\\">"
                for (l = 0; l < 4; l++) html = html line
                html = html "</p>\\n"
            }
            html = html "<p><a href=\\\"" url "\\\">Read on about " link[part] "</a></p>\\n"
            text = text "News of " link[part] "\\n\\n" line line "\\n\\n" url "\\n\\n"
        }
        printf "{\"brand\": \"civic\", \"name\": \"Benchmark\", \"topic\": \"newsletter\", \"subjects\": [%s], ", subjects
        printf "\"subject\": \"{{ first_name|default(\x27Hello\x27) }}, the month in ten minutes\", "
        printf "\"html\": \"%s</body></html>\", \"text\": \"%s\"}\n", html, text
    }'
}

# create_campaign: its id.
create_campaign() { write_campaign "$@" | api campaigns --data @- | field id; }

schedule() { api "campaigns/$1/schedule" -o /dev/null -X POST --data '{}'; }
