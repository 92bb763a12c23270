//! Looking changes nothing: whatever GET, HEAD and OPTIONS scanners send, every row of every table stays.

use mannerly::domain::catalog::Channel;
use mannerly::token::{ClickLink, ConfirmLink, OpenLink};

use crate::person::Person;
use crate::support::http::Answer;
use crate::support::server::TestServer;

/// Programs that fetch the links of mails before people do.
const SCANNERS: [&str; 10] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "Mozilla/5.0 (compatible; Barracuda Sentinel/1.0)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; proofpoint)",
    "Mimecast-Link-Scanner",
    "curl/8.5.0",
    "",
];

/// A path of the route table with real tokens and words in place of its parameters.
pub(crate) fn fill(server: &TestServer, person: &Person, path: &str) -> String {
    let keys = &server.app.keys;
    let token = match path.split('/').nth(1).unwrap_or_default() {
        "p" => person.preferences(server),
        "u" => person.unsubscribe(server),
        "d" => person.data(server),
        "o" => keys.seal(&OpenLink { campaign: 1, subscriber: person.id }),
        "c" => keys.seal(&ClickLink { link: 1, subscriber: person.id }),
        "confirm" => keys.seal(&ConfirmLink { confirmation: 1 }),
        _ => "x".to_owned(),
    };
    let token = token.rsplit('/').next().unwrap_or_default().to_owned();
    let mut filled = path.replace("{token}", &token).replace("{brand}", "civic").replace("{slug}", "civic");
    while let (Some(from), Some(to)) = (filled.find('{'), filled.find('}')) {
        filled.replace_range(from..=to, "x");
    }
    filled
}

/// Every path of the route table once, filled.
pub(crate) fn every_path(server: &TestServer, person: &Person) -> Vec<String> {
    let mut paths: Vec<&str> = mannerly::web::table().iter().map(|entry| entry.path).collect();
    paths.dedup();
    paths.iter().map(|path| fill(server, person, path)).collect()
}

both_databases! {
    async fn five_hundred_looks_of_scanners_leave_all_tables_as_they_were(server: TestServer) {
        let person = Person::reader(&server);
        server.other_brand();
        person.grant(&server, "transport", Channel::Phone);
        let paths = every_path(&server, &person);
        let before = server.snapshot();
        let mut looks = 0;
        while looks < 500 {
            for path in &paths {
                for method in ["GET", "HEAD", "OPTIONS"] {
                    let agent = SCANNERS[looks % SCANNERS.len()];
                    let request = server.request(method, path).header("user-agent", agent);
                    let status = Answer::to(request).await.status;
                    assert!(status < 500, "{method} {path}: {status}");
                    looks += 1;
                }
            }
        }
        server.run_jobs().await;
        assert_eq!(server.snapshot(), before);
    }
}
