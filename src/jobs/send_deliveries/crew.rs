//! The crew: for each relay as many workers as it has connections. A worker takes a letter, writes it, hands it over,
//! reports what became of it, and is free for the next.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::app::App;
use crate::domain::consent::Permit;
use crate::domain::delivery::claim::Claimed;
use crate::domain::delivery::letter::Letterhead;
use crate::domain::delivery::settle::{HandedOver, Settlement};
use crate::error::{Error, Result};
use crate::jobs::send_deliveries::inbox::Inbox;
use crate::jobs::send_deliveries::signers::Signers;
use crate::mail::relay::AWAY;
use crate::mail::transport::{Connection, Outcome, Reply, Stage};

/// How long workers have to put their connections to rest.
const LEAVE: Duration = Duration::from_secs(1);

/// A letter on its way to a worker.
pub(super) struct Order {
    pub(super) campaign: i64,
    pub(super) letterhead: Arc<Letterhead>,
    pub(super) claimed: Claimed,
}

/// What a worker tells the dispatcher.
struct Report {
    relay: usize,
    worker: usize,
    /// Whether it is free for a letter; else it had to give up.
    free: bool,
    /// What became of its letter, unless it has just begun.
    settlement: Option<Settlement>,
}

/// The workers of all relays.
pub(super) struct Crew {
    app: App,
    /// Begun with the first letter that is signed.
    signers: Arc<OnceLock<Signers>>,
    gangs: Vec<Gang>,
    reports: Arc<Inbox<Report>>,
    runtime: Handle,
    workers: JoinSet<()>,
    /// The letters that are with workers, by campaign and person.
    in_hand: HashSet<(i64, i64)>,
    /// How many workers have not said yet whether they are connected.
    connecting: usize,
}

/// The workers of one relay.
struct Gang {
    share: usize,
    /// By the worker's number; none where nobody has the number.
    orders: Vec<Option<mpsc::UnboundedSender<Order>>>,
    idle: Vec<usize>,
    /// The relay took no more connections than there are: nobody is hired until then.
    hires_again: Option<Instant>,
}

impl Gang {
    /// How many workers there are: idle, with a letter, or connecting.
    fn alive(&self) -> usize {
        self.orders.iter().flatten().count()
    }
}

impl Crew {
    /// Nobody yet. Whoever is hired works in `runtime`.
    pub(super) fn new(app: &App, runtime: Handle) -> Self {
        let gangs = app.relays.shares(app.options.connections);
        let gangs = gangs.into_iter().map(|share| Gang {
            share,
            orders: Vec::new(),
            idle: Vec::new(),
            hires_again: None,
        });
        Self {
            app: app.clone(),
            signers: Arc::default(),
            gangs: gangs.collect(),
            reports: Arc::default(),
            runtime,
            workers: JoinSet::new(),
            in_hand: HashSet::new(),
            connecting: 0,
        }
    }

    /// Sees that a relay has up to `workers` workers, at most its share; not while it is away or turns some of them
    /// away.
    pub(super) fn hire(&mut self, relay: usize, workers: usize) {
        let gang = &mut self.gangs[relay];
        let waits = gang.hires_again.is_some_and(|again| Instant::now() < again);
        if waits || self.app.relays.all()[relay].is_away() {
            return;
        }
        for _ in gang.alive()..workers.min(gang.share) {
            let (order, letters) = mpsc::unbounded_channel();
            let free = gang.orders.iter().position(Option::is_none);
            let number = free.unwrap_or(gang.orders.len());
            match free {
                Some(number) => gang.orders[number] = Some(order),
                None => gang.orders.push(Some(order)),
            }
            let worker = Worker {
                app: self.app.clone(),
                signers: Arc::clone(&self.signers),
                reports: Arc::clone(&self.reports),
                relay,
                number,
            };
            self.connecting += 1;
            self.workers.spawn_on(worker.work(letters), &self.runtime);
        }
    }

    /// How many workers of a relay wait for a letter.
    pub(super) fn idle(&self, relay: usize) -> usize {
        self.gangs[relay].idle.len()
    }

    /// Which part of its connections a relay has free: the letters go where most is.
    pub(super) fn leisure(&self, relay: usize) -> f64 {
        let gang = &self.gangs[relay];
        gang.idle.len() as f64 / gang.share as f64
    }

    /// How many connections there may be, of all relays together.
    pub(super) fn connections(&self) -> usize {
        self.gangs.iter().map(|gang| gang.share).sum()
    }

    /// Gives a letter to a worker of this relay that waits for one. Returns whether there was one; if not, the letter
    /// is still claimed.
    pub(super) fn give(&mut self, relay: usize, order: Order) -> bool {
        let gang = &mut self.gangs[relay];
        let Some(worker) = gang.idle.pop() else { return false };
        let letter = (order.campaign, order.claimed.permit.subscriber());
        let given = gang.orders[worker].as_ref().is_some_and(|orders| orders.send(order).is_ok());
        if given {
            self.in_hand.insert(letter);
        }
        given
    }

    /// The letters that are with workers, by campaign and person.
    pub(super) fn held(&self) -> Vec<(i64, i64)> {
        self.in_hand.iter().copied().collect()
    }

    /// Whether no letter is in hand and, unless the server is stopping, nobody is on the way to a relay.
    pub(super) fn is_at_rest(&self) -> bool {
        self.in_hand.is_empty() && (self.connecting == 0 || self.app.is_stopping())
    }

    /// Waits for a report, at most this long, and takes all that are there. Returns what became of letters.
    pub(super) fn listen(&mut self, limit: Duration) -> Vec<Settlement> {
        self.take_all(1, limit)
    }

    /// What became of letters by the reports that are there already, and by those that come in at most this long while
    /// more than two fifths of the letters in hand are still on their way, enough to keep a relay busy: one transaction
    /// for several costs little more than for one.
    pub(super) fn gather(&mut self, limit: Duration) -> Vec<Settlement> {
        self.take_all((3 * self.in_hand.len()).div_ceil(5), limit)
    }

    fn take_all(&mut self, at_least: usize, limit: Duration) -> Vec<Settlement> {
        let reports = self.reports.take(at_least, limit);
        reports.into_iter().filter_map(|report| self.take(report)).collect()
    }

    fn take(&mut self, report: Report) -> Option<Settlement> {
        let gang = &mut self.gangs[report.relay];
        match &report.settlement {
            None => self.connecting -= 1,
            Some(settlement) => {
                self.in_hand.remove(&(settlement.campaign, settlement.subscriber));
            }
        }
        if report.free {
            gang.idle.push(report.worker);
        } else {
            gang.orders[report.worker] = None;
            // A relay may take fewer connections than we would open; those it took do the work.
            gang.hires_again = Some(Instant::now() + AWAY);
            if gang.alive() == 0 {
                self.app.relays.all()[report.relay].leave_alone();
            }
        }
        report.settlement
    }

    /// Sends everybody home: connections rest for the next run. To be called at rest.
    pub(super) fn dismiss(mut self) {
        self.gangs.clear();
        // Who is still on the way to a relay has nothing to lose.
        let _ = self.runtime.block_on(async {
            let everybody = async { while self.workers.join_next().await.is_some() {} };
            tokio::time::timeout(LEAVE, everybody).await
        });
    }
}

/// One worker, which has one connection.
struct Worker {
    app: App,
    signers: Arc<OnceLock<Signers>>,
    reports: Arc<Inbox<Report>>,
    relay: usize,
    number: usize,
}

impl Worker {
    async fn work(self, mut letters: mpsc::UnboundedReceiver<Order>) {
        let relay = &self.app.relays.all()[self.relay];
        let Ok(mut connection) = relay.connect().await else {
            // The connection has logged why.
            return self.report(false, None);
        };
        self.report(true, None);
        let mut room = Vec::new();
        while let Some(order) = letters.recv().await {
            let mut unknown = settlement_of(&order);
            let hand_over = self.hand_over(&mut connection, order, &mut room);
            let Ok(settlement) = AssertUnwindSafe(hand_over).catch_unwind().await else {
                // Nobody knows how far it got; the letter must not go out again, and the connection is not used again.
                tracing::error!("a hand-over broke off");
                unknown.result = HandedOver::Answered(Outcome::Uncertain);
                return self.report(false, Some(unknown));
            };
            if is_cut_off(&settlement) {
                // It was tried anew already; whoever is hired next may be luckier.
                return self.report(false, Some(settlement));
            }
            self.report(true, Some(settlement));
        }
        relay.rest(connection);
    }

    fn report(&self, free: bool, settlement: Option<Settlement>) {
        self.reports.put(Report { relay: self.relay, worker: self.number, free, settlement });
    }

    /// `room` is that of the letter before.
    async fn hand_over(
        &self,
        connection: &mut Connection<Permit>,
        order: Order,
        room: &mut Vec<u8>,
    ) -> Settlement {
        let mut settlement = settlement_of(&order);
        settlement.result = match self.write_and_hand_over(connection, order, room).await {
            Ok(outcome) => HandedOver::Answered(outcome),
            Err(Error::Invalid(problems)) => HandedOver::Unwritable(
                problems.first().map(|problem| problem.field.clone()).unwrap_or_default(),
            ),
            Err(error) => {
                tracing::error!(campaign = settlement.campaign, %error, "a letter could not be written");
                HandedOver::Unwritable("letter".to_owned())
            }
        };
        settlement
    }

    /// The relay makes ready for the letter while it is written.
    async fn write_and_hand_over(
        &self,
        connection: &mut Connection<Permit>,
        order: Order,
        room: &mut Vec<u8>,
    ) -> Result<Outcome> {
        let return_path = order.letterhead.return_path(&order.claimed, &self.app.keys)?;
        connection.announce(&order.claimed.permit, &return_path).await;
        let (permit, message) = self.write(order, std::mem::take(room)).await?;
        let outcome = connection.hand_over(permit, &return_path, &message).await;
        *room = message;
        Ok(outcome)
    }

    /// Writes a letter: here, because it costs less than the way to another thread, unless it has to be signed.
    async fn write(&self, order: Order, room: Vec<u8>) -> Result<(Permit, Vec<u8>)> {
        let Order { letterhead, claimed, .. } = order;
        let (keys, now) = (self.app.keys.clone(), self.app.clock.now());
        let signs = letterhead.signs();
        let write = move || {
            let message = letterhead.write(&claimed, &keys, now, room)?;
            Ok((claimed.permit, message))
        };
        if !signs {
            return write();
        }
        self.signers.get_or_init(|| Signers::start(&Handle::current())).run(write).await?
    }
}

/// Whether the relay was not there for a letter: it could not be connected to, or hung up before it knew whom for.
fn is_cut_off(settlement: &Settlement) -> bool {
    match settlement.result {
        HandedOver::Answered(Outcome::Deferred { stage: Stage::Connect, .. }) => true,
        HandedOver::Answered(Outcome::Deferred { stage: Stage::Sender, reply }) => {
            reply.is_some_and(Reply::hangs_up)
        }
        _ => false,
    }
}

/// What is known of an order before it is carried out.
fn settlement_of(order: &Order) -> Settlement {
    Settlement {
        campaign: order.campaign,
        subscriber: order.claimed.permit.subscriber(),
        attempts: order.claimed.attempts + 1,
        informs: order.claimed.informs,
        result: HandedOver::Unwritable(String::new()),
    }
}
