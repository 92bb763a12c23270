//! Hands letters over: claims through the gate, writes each letter, and settles what the relay answered.
//!
//! One dispatcher and as many workers as there are connections. In one transaction the dispatcher writes the outcomes
//! that came back and claims one letter for each idle connection; then the workers write and hand over outside of any
//! transaction. So at most one letter per connection is in the air when the process dies, and what a pause or a
//! withdrawal changed is seen by the very next claim.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::app::App;
use crate::db::DbConnection;
use crate::domain::campaign::{Campaign, State as CampaignState, in_states, state};
use crate::domain::consent::Permit;
use crate::domain::delivery::claim::{Claimed, claim, finish_campaigns, has_due, settle_abandoned};
use crate::domain::delivery::letter::{Letterhead, WrittenLetter};
use crate::domain::delivery::settle::{HandedOver, Settlement, settle};
use crate::error::{Error, Result};
use crate::jobs::Progress;
use crate::mail::transport::{Connection, Outcome, Stage};

/// Gives every campaign that is being sent a turn. [`Progress::More`] while any of them still has letters due.
///
/// # Errors
/// Of the database, or if the relay cannot be reached; nothing is lost by either.
pub async fn run_once(app: &App) -> Result<Progress> {
    let now = app.clock.now();
    let (kind, node) = (app.db.kind(), app.node);
    let abandoned = app.db.write(move |conn| settle_abandoned(conn, kind, node, now)).await?;
    if abandoned > 0 {
        tracing::warn!(
            letters = abandoned,
            "letters were in hand when a server died; they are kept as uncertain"
        );
    }
    let mut sent_any = false;
    for campaign in app.db.read(|conn| in_states(conn, &[CampaignState::Sending])).await? {
        sent_any |= send(app, campaign).await?;
    }
    let now = app.clock.now();
    let finished = app.db.write(move |conn| finish_campaigns(conn, now)).await?;
    if finished > 0 {
        tracing::info!(campaigns = finished, "sent to the end");
    }
    Ok(if sent_any { Progress::More } else { Progress::Idle })
}

/// How long a campaign's turn is while letters are due; then the next one gets its own.
const TURN: Duration = Duration::from_secs(5);

/// How long outcomes wait before the database is tried again.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How often outcomes are tried again once the server is told to stop; what is left then becomes uncertain.
const TRIES_AT_THE_END: u32 = 10;

/// A letter on its way to a worker.
struct Order {
    campaign: i64,
    claimed: Claimed,
}

/// What a worker reports: which one is free for a letter, unless it had to give up, and what became of the last one,
/// unless it has just begun.
struct Report {
    worker: Option<usize>,
    settlement: Option<Settlement>,
}

/// What a worker needs to write and hand over letters of one campaign.
#[derive(Clone)]
struct Desk {
    app: App,
    letterhead: Arc<Letterhead>,
}

/// Sends what is due of one campaign. Returns whether anything was.
async fn send(app: &App, campaign: Campaign) -> Result<bool> {
    let (id, now) = (campaign.id, app.clock.now());
    if !app.db.read(move |conn| has_due(conn, id, now)).await? {
        return Ok(false);
    }
    let signed = app.options.relay_signs;
    let return_path = app.options.return_path.clone();
    let load = move |conn: &mut DbConnection| Letterhead::load(conn, &campaign, signed, return_path.as_ref());
    let letterhead = match app.db.read(load).await {
        Ok(letterhead) => letterhead,
        Err(Error::Invalid(problems)) => return pause_unsendable(app, id, Error::Invalid(problems)).await,
        Err(error) => return Err(error),
    };
    app.links.warm(letterhead.links());
    let desk = Desk { app: app.clone(), letterhead: Arc::new(letterhead) };
    // The first connection is made before anything is claimed: a relay that is away costs no letter anything.
    let first = app.mailer.connect().await.map_err(|fault| Error::Unavailable(anyhow::anyhow!("{fault}")))?;
    let (reports, inbox) = mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    let mut orders = Vec::with_capacity(app.options.connections);
    let mut ready = Some(first);
    for worker in 0..app.options.connections {
        let (order, letters) = mpsc::unbounded_channel();
        orders.push(order);
        workers.spawn(work(desk.clone(), worker, ready.take(), letters, reports.clone()));
    }
    drop(reports);
    let outcome = dispatch(app, id, orders, inbox).await;
    while workers.join_next().await.is_some() {}
    outcome
}

/// Something it stands on changed since it was scheduled: it pauses and says why, and the others go on.
async fn pause_unsendable(app: &App, campaign: i64, why: Error) -> Result<bool> {
    tracing::warn!(campaign, %why, "a campaign can no longer be written and is paused");
    let now = app.clock.now();
    app.db.write(move |conn| state::pause(conn, campaign, Some(&why.to_string()), now)).await?;
    Ok(false)
}

/// What the dispatcher knows while a campaign is being sent.
#[derive(Default)]
struct Desks {
    /// Workers that wait for a letter.
    idle: Vec<usize>,
    /// Outcomes that are not written yet.
    settlements: Vec<Settlement>,
    /// How many letters are with workers.
    in_hand: usize,
    /// Whether any letter was claimed.
    sent_any: bool,
    /// Nothing more is claimed: no letter is due, or something failed.
    closed: bool,
    /// What failed; told once everything in hand is settled.
    failure: Option<Error>,
}

/// Settles and claims in turn until no letter is due and none is in hand.
///
/// An outcome is never dropped: while the database is away the dispatcher keeps what came back and tries again.
async fn dispatch(
    app: &App,
    campaign: i64,
    orders: Vec<mpsc::UnboundedSender<Order>>,
    mut inbox: mpsc::UnboundedReceiver<Report>,
) -> Result<bool> {
    let mut desks = Desks::default();
    let turn_ends = Instant::now() + TURN;
    let mut tries_at_the_end = 0;
    loop {
        desks.closed |= app.is_stopping() || Instant::now() > turn_ends;
        let claims_wanted = !desks.closed && !desks.idle.is_empty();
        if claims_wanted || !desks.settlements.is_empty() {
            let Err(error) = desks.turn_over(app, campaign, &orders).await else { continue };
            tracing::warn!(campaign, %error, "outcomes wait for the database");
            desks.closed = true;
            desks.failure = Some(error);
            tries_at_the_end += u32::from(app.is_stopping());
            if tries_at_the_end > TRIES_AT_THE_END {
                break;
            }
            tokio::time::sleep(DATABASE_PAUSE).await;
            desks.take_all(&mut inbox);
            continue;
        }
        if desks.in_hand == 0 && desks.closed {
            break;
        }
        let Some(report) = inbox.recv().await else { break };
        desks.take(report);
        desks.take_all(&mut inbox);
    }
    desks.failure.map_or(Ok(desks.sent_any), Err)
}

impl Desks {
    /// One transaction: writes what came back, and claims a letter for each idle worker.
    async fn turn_over(
        &mut self,
        app: &App,
        campaign: i64,
        orders: &[mpsc::UnboundedSender<Order>],
    ) -> Result<()> {
        let (now, node) = (app.clock.now(), app.node);
        let wanted = if self.closed { 0 } else { self.idle.len() };
        let outcomes = self.settlements.clone();
        let claims = app
            .db
            .write(move |conn| {
                settle(conn, &outcomes, now)?;
                if wanted == 0 { Ok(None) } else { claim(conn, campaign, wanted, node, now) }
            })
            .await?;
        self.settlements.clear();
        self.closed |= claims.is_none();
        for claimed in claims.unwrap_or_default() {
            // There are never more claims than idle workers.
            let Some(worker) = self.idle.pop() else { break };
            self.in_hand += usize::from(orders[worker].send(Order { campaign, claimed }).is_ok());
            self.sent_any = true;
        }
        Ok(())
    }

    /// Takes the reports that are there already.
    fn take_all(&mut self, inbox: &mut mpsc::UnboundedReceiver<Report>) {
        while let Ok(report) = inbox.try_recv() {
            self.take(report);
        }
    }

    fn take(&mut self, report: Report) {
        self.idle.extend(report.worker);
        let Some(settlement) = report.settlement else { return };
        self.in_hand -= 1;
        // Claiming on while the relay is away would only shuffle letters.
        if matches!(settlement.result, HandedOver::Answered(Outcome::Deferred { stage: Stage::Connect, .. }))
        {
            self.closed = true;
            self.failure = Some(Error::Unavailable(anyhow::anyhow!("the mail relay does not answer")));
        }
        self.settlements.push(settlement);
    }
}

/// One connection: takes a letter, writes it, hands it over, reports, and asks for the next.
async fn work(
    desk: Desk,
    worker: usize,
    ready: Option<Connection<Permit>>,
    mut letters: mpsc::UnboundedReceiver<Order>,
    reports: mpsc::UnboundedSender<Report>,
) {
    let connection = match ready {
        Some(connection) => Ok(connection),
        None => desk.app.mailer.connect().await,
    };
    // A relay may take fewer connections than we would open; those it took do the work.
    let Ok(mut connection) = connection else { return };
    let mut settlement = None;
    while reports.send(Report { worker: Some(worker), settlement }).is_ok() {
        let Some(order) = letters.recv().await else { break };
        let mut unknown = settlement_of(&order);
        let (back, settled) = match tokio::spawn(hand_over(desk.clone(), connection, order)).await {
            Ok((back, settled)) => (Some(back), settled),
            Err(panic) => {
                // Nobody knows how far it got; the letter must not go out again.
                tracing::error!(%panic, "a hand-over broke off");
                unknown.result = HandedOver::Answered(Outcome::Uncertain);
                (None, unknown)
            }
        };
        settlement = Some(settled);
        let Some(back) = back else {
            // This worker has lost its connection; the others go on.
            let _ = reports.send(Report { worker: None, settlement });
            return;
        };
        connection = back;
    }
    connection.close().await;
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

async fn hand_over(
    desk: Desk,
    mut connection: Connection<Permit>,
    order: Order,
) -> (Connection<Permit>, Settlement) {
    let mut settlement = settlement_of(&order);
    let claimed = order.claimed;
    settlement.result = match desk.letterhead.write(&claimed, &desk.app.keys, desk.app.clock.now()) {
        Ok(WrittenLetter { envelope_from, message }) => {
            HandedOver::Answered(connection.hand_over(claimed.permit, &envelope_from, &message).await)
        }
        Err(Error::Invalid(problems)) => {
            HandedOver::Unwritable(problems.first().map(|problem| problem.field.clone()).unwrap_or_default())
        }
        Err(error) => {
            tracing::error!(campaign = order.campaign, %error, "a letter could not be written");
            HandedOver::Unwritable("letter".to_owned())
        }
    };
    (connection, settlement)
}
