//! The report by each of its doors: the same figures as JSON, as a file and as a page, from counters and not from hits, and
//! charts that need neither colours nor eyes.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mannerly::db::schema::hit;
use mannerly::domain::account::Scope;
use serde_json::Value;

use crate::api::key;
use crate::recorder::until_settled;
use crate::report::full;
use crate::tracking::{browse, link_of, pixel_of, reader, send};

/// A figure as the file writes it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(share) if share.is_f64() => format!("{:.3}", share.as_f64().unwrap()),
        other => other.to_string(),
    }
}

/// What a page says between two marks, again and again.
fn all<'a>(page: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    page.split(begin).skip(1).map(|rest| rest.split(end).next().unwrap_or(rest)).collect()
}

both_databases! {
    async fn the_csv_file_of_the_api_has_the_figures_of_the_json(server: TestServer) {
        let seed = full(&server, &server.demo_brand());
        server.advance(Duration::from_secs(61 * 3600));
        let key = key(&server, &[Scope::ReadAggregate]);
        let path = format!("/campaigns/{}/report", seed.campaign.public_id);
        let ask = async |path: String| server.api(&key, "GET", &path, Value::Null).await.expect(200);
        let json = ask(format!("{path}?include=domains")).await.json();
        let file = ask(format!("{path}.csv?include=domains")).await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
        let name = format!("attachment; filename=\"report-{}.csv\"", seed.campaign.public_id);
        assert_eq!(file.header("content-disposition"), name);

        let rows: Vec<[String; 4]> =
            csv::Reader::from_reader(&file.bytes[..]).deserialize().collect::<Result<_, _>>().unwrap();
        let figure = |section: &str, item: &str, figure: &str| -> &str {
            let is = |row: &&[String; 4]| row[0] == section && (item.is_empty() || row[1] == item) && row[2] == figure;
            let found: Vec<_> = rows.iter().filter(is).collect();
            assert_eq!(found.len(), 1, "{section} {item} {figure}");
            &found[0][3]
        };
        for name in ["audience", "allowed", "sent", "uncertain", "delivered", "complaints", "unsubscribed"] {
            assert_eq!(figure("funnel", "", name), written(&json[name]), "{name}");
        }
        for name in ["skipped", "failed", "waiting", "bounced"] {
            assert_eq!(figure("funnel", "", name), written(&json[name]["total"]), "{name}");
        }
        for kind in ["opens", "clicks"] {
            for name in ["measurable", "people"] {
                assert_eq!(figure(kind, "", name), written(&json[kind][name]), "{kind} {name}");
            }
            for (name, share) in [("rate", "share"), ("rate_low", "low"), ("rate_high", "high")] {
                assert_eq!(figure(kind, "", name), written(&json[kind]["rate"][share]), "{kind} {name}");
            }
            for class in json[kind]["classes"].as_array().unwrap() {
                let name = format!("hits_{}", class["class"].as_str().unwrap());
                assert_eq!(figure(kind, "", &name), written(&class["hits"]), "{kind} {name}");
            }
        }
        for link in json["links"].as_array().unwrap() {
            let item = format!("{} {}", link["position"], link["url"].as_str().unwrap());
            for name in ["people", "hits"] {
                assert_eq!(figure("link", &item, name), written(&link[name]), "{item}");
            }
        }
        for hour in json["hours"].as_array().unwrap() {
            for name in ["opens", "clicks"] {
                assert_eq!(figure("hour", hour["at"].as_str().unwrap(), name), written(&hour[name]));
            }
        }
        for domain in json["domains"].as_array().unwrap() {
            for name in ["sent", "bounced", "opened", "clicked", "opens_measurable", "clicks_measurable"] {
                assert_eq!(figure("domain", domain["name"].as_str().unwrap(), name), written(&domain[name]), "{name}");
            }
        }
    }

    async fn a_report_says_the_same_when_no_hit_is_left(server: TestServer) {
        const READERS: usize = 40;
        let brand = server.demo_brand();
        let address = |n: usize| format!("p{n}@example.com");
        for n in 0..READERS {
            reader(&server, &brand, &address(n), Some(true));
        }
        let campaign = send(&server, &brand).await;
        let letters: Vec<_> = (0..READERS).map(|n| server.mail_to(&address(n))).collect();
        for letter in &letters[..15] {
            server.advance(Duration::from_secs(120));
            browse(&server, &pixel_of(letter).unwrap()).await.expect(200);
            server.advance(Duration::from_secs(60));
            browse(&server, &link_of(letter)).await.expect(302);
        }
        until_settled(&server.app.recorder, 30);
        server.advance(Duration::from_secs(11 * 60));
        server.run_jobs().await;
        let key = key(&server, &[Scope::ReadAggregate]);
        let id = server.read(|conn| mannerly::domain::campaign::get(conn, campaign)).public_id;
        let ask = async |path: &str| {
            let path = format!("/campaigns/{id}/{path}");
            server.api(&key, "GET", &path, Value::Null).await.expect(200).text
        };
        let [json, csv] = ["report?include=domains,topics,previous", "report.csv?include=domains,topics,previous"];
        let before = (ask(json).await, ask(csv).await);
        let said: Value = serde_json::from_str(&before.0).unwrap();
        assert_eq!((&said["opens"]["people"], &said["clicks"]["people"]), (&15.into(), &15.into()));
        let hits: i64 = server.read(|conn| Ok(hit::table.count().get_result(conn)?));
        assert_eq!(hits, 30);
        // Not there at all: whoever looked at them would fail.
        server.write(|conn, _| Ok(conn.batch_execute("ALTER TABLE hit RENAME TO gone")?));
        assert_eq!((ask(json).await, ask(csv).await), before);
        server.write(|conn, _| Ok(conn.batch_execute("ALTER TABLE gone RENAME TO hit")?));
    }

    async fn every_chart_of_the_page_has_its_numbers_in_a_table_and_needs_no_colour(server: TestServer) {
        let seed = full(&server, &server.demo_brand());
        server.advance(Duration::from_secs(61 * 3600));
        let key = key(&server, &[Scope::ReadAggregate]);
        let path = format!("/campaigns/{}/report/link", seed.campaign.public_id);
        let link = server.api(&key, "POST", &path, Value::Null).await.expect(200).json();
        let page = server.get(link["url"].as_str().unwrap()).await.expect(200).text;
        let mut charts = 0;
        for section in all(&page, "<section", "</section>") {
            let drawn = all(section, "<svg class=\"chart\"", "</svg>");
            charts += drawn.len();
            let tables = all(section, "<table class=\"data\">", "</table>");
            assert!(drawn.is_empty() || !tables.is_empty(), "a chart without a table: {section}");
            let cells: Vec<&str> = all(section, "<td class=\"number\">", "</td>");
            for chart in drawn {
                let ids = all(chart, "aria-labelledby=\"", "\"")[0];
                for (id, part) in ids.split(' ').zip(["<title id=\"", "<desc id=\""]) {
                    assert!(!all(chart, &format!("{part}{id}\">"), "<")[0].is_empty(), "{id} says nothing");
                }
                // What stands beside a bar or above columns, and what they stand for, in words.
                for value in all(chart, "<text class=\"value\"", "</text>") {
                    let value = value.split_once('>').unwrap().1.trim_start_matches("top: ");
                    assert!(cells.iter().any(|cell| cell.starts_with(value)), "{value} is in no table of {ids}");
                }
                for bar in all(chart, "<rect ", "/>") {
                    let marks = ["class=\"track\"", "class=\"bar\"", "fill=\"url(#vague)\""];
                    assert!(marks.iter().any(|mark| bar.starts_with(mark)), "told apart by a colour: {bar}");
                }
            }
        }
        assert!(charts >= 9, "{charts} charts");
        let hatching = all(&page, "<pattern id=\"vague\"", "</pattern>")[0];
        assert!(hatching.contains("class=\"ground\"") && hatching.contains("class=\"stripe\""), "{hatching}");
        let shown = page.split("<main").nth(1).unwrap();
        for colour in ["fill=\"#", "stroke=\"#", "style=\"", "fill=\"rgb"] {
            assert!(!shown.contains(colour), "{colour}");
        }
    }
}
