//! The crew: for each relay as many workers as it has connections. A worker takes a letter, writes it, hands it over,
//! reports what became of it, and is free for the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::app::App;
use crate::domain::consent::Permit;
use crate::domain::delivery::claim::Claimed;
use crate::domain::delivery::letter::{Letterhead, WrittenLetter};
use crate::domain::delivery::settle::{HandedOver, Settlement};
use crate::error::{Error, Result};
use crate::mail::transport::{Connection, Outcome, Stage};

/// How long a relay that could not be reached is left alone.
const AWAY: Duration = Duration::from_secs(5);

/// A letter on its way to a worker.
pub(super) struct Order {
    pub(super) campaign: i64,
    pub(super) letterhead: Arc<Letterhead>,
    pub(super) claimed: Claimed,
}

/// What a worker tells the dispatcher.
struct Report {
    relay: usize,
    /// Which worker is free for a letter; none if it had to give up.
    free: Option<usize>,
    /// Whether it never got a connection.
    turned_away: bool,
    /// What became of its letter, unless it has just begun.
    settlement: Option<Settlement>,
}

/// The workers of all relays.
pub(super) struct Crew {
    app: App,
    /// As many permits to sign as there are cores.
    signers: Arc<Semaphore>,
    gangs: Vec<Gang>,
    reports: mpsc::UnboundedSender<Report>,
    inbox: mpsc::UnboundedReceiver<Report>,
    workers: JoinSet<()>,
    /// How many letters are with workers.
    in_hand: usize,
    /// How many workers have not said yet whether they are connected.
    connecting: usize,
}

/// The workers of one relay.
struct Gang {
    share: usize,
    orders: Vec<mpsc::UnboundedSender<Order>>,
    idle: Vec<usize>,
    /// How many there are: idle, with a letter, or connecting.
    alive: usize,
    away_until: Option<Instant>,
}

impl Crew {
    pub(super) fn new(app: &App) -> Self {
        let (reports, inbox) = mpsc::unbounded_channel();
        let gangs = app.relays.shares(app.options.connections);
        let gangs = gangs.into_iter().map(|share| Gang {
            share,
            orders: Vec::new(),
            idle: Vec::new(),
            alive: 0,
            away_until: None,
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            app: app.clone(),
            signers: Arc::new(Semaphore::new(cores)),
            gangs: gangs.collect(),
            reports,
            inbox,
            workers: JoinSet::new(),
            in_hand: 0,
            connecting: 0,
        }
    }

    /// Sees that a relay has up to `workers` workers, at most its share; not while it is away.
    pub(super) fn hire(&mut self, relay: usize, workers: usize) {
        let gang = &mut self.gangs[relay];
        if gang.away_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        gang.away_until = None;
        while gang.alive < workers.min(gang.share) {
            let (order, letters) = mpsc::unbounded_channel();
            let signers = Arc::clone(&self.signers);
            let worker = Worker { app: self.app.clone(), signers, relay, number: gang.orders.len() };
            gang.orders.push(order);
            gang.alive += 1;
            self.connecting += 1;
            self.workers.spawn(worker.work(letters, self.reports.clone()));
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

    /// Whether a relay cannot be reached for now.
    pub(super) fn is_away(&self, relay: usize) -> bool {
        self.gangs[relay].away_until.is_some()
    }

    /// Gives a letter to a worker of this relay that waits for one. What cannot be given stays claimed and is due
    /// again when the run ends.
    pub(super) fn give(&mut self, relay: usize, order: Order) {
        let gang = &mut self.gangs[relay];
        if let Some(worker) = gang.idle.pop() {
            self.in_hand += usize::from(gang.orders[worker].send(order).is_ok());
        }
    }

    /// Whether no letter is in hand and nobody is on the way to a relay.
    pub(super) fn is_at_rest(&self) -> bool {
        self.in_hand == 0 && self.connecting == 0
    }

    /// Waits for a report, at most this long, and takes all that are there. Returns what became of letters.
    pub(super) async fn listen(&mut self, limit: Duration) -> Vec<Settlement> {
        let mut settlements = Vec::new();
        if let Ok(Some(report)) = tokio::time::timeout(limit, self.inbox.recv()).await {
            settlements.extend(self.take(report));
        }
        settlements.extend(self.heard());
        settlements
    }

    /// What became of letters by the reports that are there already.
    pub(super) fn heard(&mut self) -> Vec<Settlement> {
        let mut settlements = Vec::new();
        while let Ok(report) = self.inbox.try_recv() {
            settlements.extend(self.take(report));
        }
        settlements
    }

    fn take(&mut self, report: Report) -> Option<Settlement> {
        let gang = &mut self.gangs[report.relay];
        match &report.settlement {
            None => self.connecting -= 1,
            Some(_) => self.in_hand -= 1,
        }
        match report.free {
            Some(worker) => gang.idle.push(worker),
            None => gang.alive -= 1,
        }
        let cut_off = report.settlement.as_ref().is_some_and(|settlement| {
            matches!(settlement.result, HandedOver::Answered(Outcome::Deferred { stage: Stage::Connect, .. }))
        });
        // A relay may take fewer connections than we would open; those it took do the work.
        if cut_off || (report.turned_away && gang.alive == 0) {
            gang.away_until = Some(Instant::now() + AWAY);
        }
        report.settlement
    }

    /// Sends everybody home: connections rest for the next run. To be called at rest.
    pub(super) async fn dismiss(mut self) {
        self.gangs.clear();
        drop(self.reports);
        while self.workers.join_next().await.is_some() {}
    }
}

/// One worker, which has one connection.
struct Worker {
    app: App,
    signers: Arc<Semaphore>,
    relay: usize,
    number: usize,
}

impl Worker {
    async fn work(self, mut letters: mpsc::UnboundedReceiver<Order>, reports: mpsc::UnboundedSender<Report>) {
        let relay = &self.app.relays.all()[self.relay];
        let report = |free: bool, turned_away, settlement| Report {
            relay: self.relay,
            free: free.then_some(self.number),
            turned_away,
            settlement,
        };
        let Ok(mut connection) = relay.connect().await else {
            // The connection has logged why. Nobody may be listening any more.
            let _ = reports.send(report(false, true, None));
            return;
        };
        let mut settlement = None;
        while reports.send(report(true, false, settlement)).is_ok() {
            let Some(order) = letters.recv().await else { break };
            let mut unknown = settlement_of(&order);
            // A task of its own, so that a panic ends one hand-over and not the worker's say in the matter.
            match tokio::spawn(hand_over(self.app.clone(), Arc::clone(&self.signers), connection, order))
                .await
            {
                Ok((back, settled)) => (connection, settlement) = (back, Some(settled)),
                Err(panic) => {
                    // Nobody knows how far it got; the letter must not go out again.
                    tracing::error!(%panic, "a hand-over broke off");
                    unknown.result = HandedOver::Answered(Outcome::Uncertain);
                    let _ = reports.send(report(false, false, Some(unknown)));
                    return;
                }
            }
        }
        relay.rest(connection);
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

/// Writes a letter. Signing takes a hundred times as long as writing and would keep the connections waiting, so it
/// has threads of its own, at most one for each core; everything else costs less than the way to another thread.
async fn write(
    app: &App,
    letterhead: Arc<Letterhead>,
    claimed: Claimed,
    signers: Arc<Semaphore>,
) -> (Claimed, Result<WrittenLetter>) {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    if !letterhead.signs() {
        let written = letterhead.write(&claimed, &keys, now);
        return (claimed, written);
    }
    // The semaphore is never closed; without a permit it would only be slower.
    let permit = signers.acquire_owned().await;
    let signing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let written = letterhead.write(&claimed, &keys, now);
        (claimed, written)
    });
    match signing.await {
        Ok(written) => written,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

async fn hand_over(
    app: App,
    signers: Arc<Semaphore>,
    mut connection: Connection<Permit>,
    order: Order,
) -> (Connection<Permit>, Settlement) {
    let mut settlement = settlement_of(&order);
    let Order { campaign, letterhead, claimed } = order;
    let (claimed, written) = write(&app, letterhead, claimed, signers).await;
    settlement.result = match written {
        Ok(WrittenLetter { envelope_from, message }) => {
            HandedOver::Answered(connection.hand_over(claimed.permit, &envelope_from, &message).await)
        }
        Err(Error::Invalid(problems)) => {
            HandedOver::Unwritable(problems.first().map(|problem| problem.field.clone()).unwrap_or_default())
        }
        Err(error) => {
            tracing::error!(campaign, %error, "a letter could not be written");
            HandedOver::Unwritable("letter".to_owned())
        }
    };
    (connection, settlement)
}
