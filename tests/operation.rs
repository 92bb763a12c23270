//! Running it: what those who keep a server alive are told.

use std::io::Write;
use std::process::{Command, Stdio};

use mannerly::domain::campaign::State as CampaignState;

use crate::incoming_corpus::{Letter, receiving_brand, running_campaign};
use crate::support::server::{SECRET, TestServer};

/// Runs `mannerly receive` and returns what it writes to standard error.
fn receive(server: &TestServer, to: &str, message: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mannerly"))
        .args(["receive", "--to", to])
        .env_clear()
        .env("DATABASE_URL", server.database_url())
        .env("MANNERLY_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

both_databases! {
    async fn a_campaign_that_the_pipe_pauses_is_in_the_log_of_the_pipe(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let said = ["ana", "ben"].map(|name| {
            let letter = Letter::sent(&server, &brand, campaign, &format!("{name}@example.com"));
            let said = receive(&server, &letter.mailbox("b"), &letter.message("postfix_outlook_515"));
            (said, letter.fate(&server).campaign)
        });
        assert_eq!(said[0], (String::new(), CampaignState::Sending), "who only works says nothing");
        assert_eq!(said[1].1, CampaignState::Paused);
        assert!(said[1].0.contains("WARN") && said[1].0.contains("paused a campaign"), "{}", said[1].0);
    }
}
