//! `mannerly check-config` refuses what `mannerly serve` would refuse.

use std::process::{Command, Output};

use crate::support::server::SECRET;

fn check(settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mannerly"));
    command.arg("check-config").env_clear().env("MANNERLY_SECRET", SECRET);
    command.env("MANNERLY_MAIL", "smtps://mail.example.com");
    command.envs(settings.iter().copied()).output().unwrap()
}

#[test]
fn a_configuration_with_which_no_mail_could_leave_is_not_called_good() {
    assert!(check(&[]).status.success());
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, "no certificate").unwrap();
    let ca = ca.to_str().unwrap();
    for (name, value, word) in [("MANNERLY_HELLO", "no name", "hello"), ("MANNERLY_MAIL_CA", ca, "mail-ca")] {
        let answer = check(&[(name, value)]);
        assert!(!answer.status.success(), "{name}");
        let said = String::from_utf8(answer.stderr).unwrap();
        assert!(said.contains(word), "{said}");
    }
}
