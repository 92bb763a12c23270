//! Messages that the server was told of while they were still being written, and that do not follow.

use super::*;

#[tokio::test]
async fn what_was_announced_and_does_not_follow_ends_its_connection_and_nothing_of_it_is_sent() {
    let mut server = Server::start(&[POLITE, POLITE]).await;
    let (mut connection, from) = (server.connect("").await, address("b@brand.test"));
    connection.announce(&permit(), &from).await;
    // It could not be written, and the next one is another person's.
    for _ in 0..2 {
        let bob = Permit(address("bob@example.com"));
        connection.announce(&bob, &from).await;
        let outcome = connection.hand_over(bob, &from, MESSAGE).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    }
    connection.close().await;
    let said = server.heard();
    let count = |wanted: &str| said.iter().filter(|line| line.contains(wanted)).count();
    assert_eq!(count("(connected)"), 2);
    assert_eq!((count("RCPT TO:<ana@example.com>"), count("RCPT TO:<bob@example.com>")), (1, 2));
    assert_eq!(count("Subject"), 2, "{said:?}");
}

#[tokio::test]
async fn a_message_that_turns_out_to_need_smtputf8_is_not_sent_under_what_was_announced() {
    let mut server = Server::start(&[POLITE, POLITE]).await;
    let (mut connection, from) = (server.connect("").await, address("b@brand.test"));
    connection.announce(&permit(), &from).await;
    let outcome = connection.hand_over(permit(), &from, "Subject: \u{fc}\r\n\r\nx\r\n".as_bytes()).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    let said = server.heard();
    assert!(said.contains(&String::from("MAIL FROM:<b@brand.test> BODY=8BITMIME SMTPUTF8")), "{said:?}");
    assert_eq!(said.iter().filter(|line| line.contains("Subject")).count(), 1);
}
