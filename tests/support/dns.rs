//! A name server for tests: it answers over UDP on this machine from a list of records.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// Records by their name and type.
type Zone = HashMap<(String, RecordType), Vec<RData>>;

/// A server that ends with the test. A name that begins with `broken.` makes it fail.
pub(crate) struct NameServer {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A text of ASCII; of several strings if it is long, as real ones are.
pub(crate) fn txt(name: &str, text: &str) -> ((String, RecordType), RData) {
    let strings = text.as_bytes().chunks(200).map(|part| String::from_utf8_lossy(part).into_owned());
    ((name.to_owned(), RecordType::TXT), RData::TXT(TXT::new(strings.collect())))
}

/// A mail exchanger; `.` for none.
pub(crate) fn mx(name: &str, host: &str) -> ((String, RecordType), RData) {
    ((name.to_owned(), RecordType::MX), RData::MX(MX::new(10, Name::from_ascii(host).unwrap())))
}

impl NameServer {
    pub(crate) fn start(records: impl IntoIterator<Item = ((String, RecordType), RData)>) -> Self {
        let mut zone = Zone::new();
        for (key, data) in records {
            zone.entry(key).or_default().push(data);
        }
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // Only so that it notices its end.
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (address, stopping) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while !told.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    socket.send_to(&answer(&zone, &buffer[..length]), from).unwrap();
                }
            }
        });
        Self { address, stopping, thread: Some(thread) }
    }
}

fn answer(zone: &Zone, request: &[u8]) -> Vec<u8> {
    let mut message = Message::from_vec(request).unwrap();
    let query = message.queries[0].clone();
    let name = query.name().to_ascii().to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    message.metadata.message_type = MessageType::Response;
    let known = zone.get(&(name.to_owned(), query.query_type()));
    message.metadata.response_code = match known {
        _ if name.starts_with("broken.") => ResponseCode::ServFail,
        Some(_) => ResponseCode::NoError,
        // The name is there, with other records.
        None if zone.keys().any(|(other, _)| other == name) => ResponseCode::NoError,
        None => ResponseCode::NXDomain,
    };
    for data in known.into_iter().flatten() {
        message.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
    }
    message.to_vec().unwrap()
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            ended.is_none_or(|ended| ended.is_ok()) || std::thread::panicking(),
            "the name server panicked"
        );
    }
}
