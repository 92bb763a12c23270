//! The dispatcher: one for all campaigns that are being sent. It writes the outcomes that came back and claims the
//! next letters in one transaction after the other, each for another campaign in turn.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::app::App;
use crate::db::Kind;
use crate::domain::campaign::{self, state};
use crate::domain::delivery::claim::{
    Claims, DueCampaign, Holder, Wanted, claim, due_campaigns, expired, give_up, release_slots, return_unheld,
};
use crate::domain::delivery::letter::Letterhead;
use crate::domain::delivery::pace;
use crate::domain::delivery::pace::Scope;
use crate::domain::delivery::settle::{HandedOver, Settlement, settle};
use crate::error::{Error, Result};
use crate::jobs::send_deliveries::crew::{Crew, Order};
use crate::mail::relay::Relay;
use crate::mail::transport::Outcome;

/// How often it looks which campaigns have letters due, and at what pace.
const LOOK: Duration = Duration::from_millis(500);

/// How long it waits for more reports before it writes those that came: about as long as one transaction takes.
const GATHER: Duration = Duration::from_micros(300);

/// How long it waits for reports at most before it looks whether more may be claimed.
const LISTEN: Duration = Duration::from_millis(100);

/// How many batches of waiting letters are made due again at once when the pace of a domain changes; those that are
/// left come by themselves before long.
const RELEASES: usize = 5;

/// How long a prepared campaign is used before it is read again: new keys and changed brands count from then on.
const PREPARED_FOR: Duration = Duration::from_secs(30);

/// How long outcomes wait before the database is tried again.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How often outcomes are tried again once the server is told to stop; what is left then becomes uncertain.
const TRIES_AT_THE_END: u32 = 10;

/// A campaign that is being sent.
struct Sending {
    due: DueCampaign,
    letterhead: Arc<Letterhead>,
    prepared_at: Instant,
    /// Nothing more was due when it was looked at last.
    dry: bool,
}

/// Takes over the paces that are stored now. Letters that wait for a slot of their domain are due again when slots come
/// at another pace.
///
/// # Errors
/// Of the database.
pub(super) fn keep_pace(app: &App) -> Result<()> {
    let paces = app.db.read_here(pace::list)?;
    if app.pacer.changes_domains(&paces) {
        for campaign in app.db.read_here(|conn| campaign::in_states(conn, &campaign::BEING_SENT))? {
            for _ in 0..RELEASES {
                let now = app.clock.now();
                if !app.db.write_here(|conn| release_slots(conn, campaign.id, now))? {
                    break;
                }
            }
        }
    }
    app.pacer.adopt(paces);
    Ok(())
}

/// What the dispatcher knows while letters are on their way.
pub(super) struct Dispatcher {
    app: App,
    crew: Crew,
    campaigns: Vec<Sending>,
    /// Whose turn it is.
    next: usize,
    looked_at: Option<Instant>,
    /// Outcomes that are not written yet.
    settlements: Vec<Settlement>,
    /// What failed last; nothing is asked of the database until `resting_until`.
    failure: Option<Error>,
    resting_until: Option<Instant>,
    /// A claim failed on its way back: this process may have claimed letters of which it does not know.
    lost_claims: bool,
    /// Campaigns that cannot be sent for a reason of their own; the others go on.
    barred: HashSet<i64>,
    tries_at_the_end: u32,
    sent_any: bool,
}

impl Dispatcher {
    /// Its crew works in `runtime`.
    pub(super) fn new(app: &App, runtime: Handle) -> Self {
        Self {
            app: app.clone(),
            crew: Crew::new(app, runtime),
            campaigns: Vec::new(),
            next: 0,
            looked_at: None,
            settlements: Vec::new(),
            failure: None,
            resting_until: None,
            lost_claims: false,
            barred: HashSet::new(),
            tries_at_the_end: 0,
            sent_any: false,
        }
    }

    /// Settles and claims until no letter is due, or none may go now, and none is in hand. Returns whether any was
    /// claimed.
    ///
    /// An outcome is never dropped: while the database is away it is kept and tried again. Waits on its own thread,
    /// made for blocking: the ways between threads would cost as much as the transactions.
    pub(super) fn run(mut self) -> Result<bool> {
        while self.tries_at_the_end <= TRIES_AT_THE_END {
            let heard = self.crew.gather(GATHER);
            self.take(heard);
            if self.resting_until.is_some_and(|until| Instant::now() < until) {
                let heard = self.crew.listen(LISTEN);
                self.take(heard);
                continue;
            }
            let open = !self.app.is_stopping();
            let wanted = if open { self.look_and_choose() } else { None };
            if wanted.is_some() || !self.settlements.is_empty() || self.lost_claims {
                self.turn_over(wanted);
            } else if self.crew.is_at_rest() {
                break;
            } else {
                let heard = self.crew.listen(LISTEN);
                self.take(heard);
            }
        }
        let all_away = self.app.relays.all().iter().all(|relay| relay.is_away());
        self.crew.dismiss();
        match self.failure {
            Some(failure) => Err(failure),
            None if all_away => {
                // The job rests after a failure; then it may try any of them.
                self.app.relays.all().iter().for_each(Relay::try_again);
                Err(Error::Unavailable(anyhow::anyhow!("no mail relay can be reached")))
            }
            None => Ok(self.sent_any),
        }
    }

    /// Keeps what became of letters until it is written. Where one connection after the other broke before the answer,
    /// the campaign pauses.
    fn take(&mut self, heard: Vec<Settlement>) {
        let limit = 2 * self.crew.connections();
        let mut broken = Vec::new();
        for settlement in &heard {
            let answered = !matches!(settlement.result, HandedOver::Answered(Outcome::Uncertain));
            if self.app.unanswered.note(settlement.campaign, answered) >= limit {
                self.app.unanswered.note(settlement.campaign, true);
                broken.push(settlement.campaign);
            }
        }
        self.settlements.extend(heard);
        for campaign in broken {
            let why = format!("The relay broke {limit} connections in a row before it answered for a letter");
            if let Err(error) = self.pause(campaign, why) {
                self.rest(error);
            }
        }
    }

    /// Gives the database a moment after it failed.
    fn rest(&mut self, error: Error) {
        tracing::warn!(%error, "letters wait for the database");
        self.failure = Some(error);
        self.resting_until = Some(Instant::now() + DATABASE_PAUSE);
        self.tries_at_the_end += u32::from(self.app.is_stopping());
    }

    /// Looks at the campaigns if it is time, and chooses whose letters are claimed next and how many.
    fn look_and_choose(&mut self) -> Option<(usize, usize)> {
        if self.looked_at.is_none_or(|at| at.elapsed() >= LOOK) {
            self.looked_at = Some(Instant::now());
            if let Err(error) = self.look() {
                self.looked_at = None;
                self.rest(error);
                return None;
            }
        }
        self.choose()
    }

    /// Reads which campaigns have letters due and at what pace, and prepares those that are new.
    fn look(&mut self) -> Result<()> {
        keep_pace(&self.app)?;
        let (now, node) = (self.app.clock.now(), self.app.node);
        let (due, expired) =
            self.app.db.read_here(|conn| Ok((due_campaigns(conn, now)?, expired(conn, node, now)?)))?;
        if !expired.is_empty() && self.app.db.kind() == Kind::Postgres {
            self.app.db.write_here(|conn| give_up(conn, &expired, now))?;
        }
        let mut known = std::mem::take(&mut self.campaigns);
        for due in due.into_iter().filter(|due| !self.barred.contains(&due.id)).collect::<Vec<_>>() {
            let prepared = known
                .iter()
                .position(|sending| sending.due.id == due.id && sending.prepared_at.elapsed() < PREPARED_FOR);
            match prepared {
                Some(at) => self.campaigns.push(Sending { due, dry: false, ..known.swap_remove(at) }),
                None => self.prepare(due)?,
            }
        }
        for relay in 0..self.app.relays.all().len() {
            if self.campaigns.iter().any(|sending| self.serves(relay, sending)) {
                self.crew.hire(relay, 1);
            }
        }
        Ok(())
    }

    fn prepare(&mut self, due: DueCampaign) -> Result<()> {
        let (id, keys, options) = (due.id, &self.app.keys, &self.app.options);
        if let Some(relay) = due.relay.as_deref().filter(|relay| !self.app.relays.has(relay)) {
            let why = format!("The brand's relay {relay} is not among the relays of this server");
            return self.pause(id, why);
        }
        let loaded = self.app.db.read_here(|conn| {
            let campaign = campaign::get(conn, id)?;
            Letterhead::load(conn, &campaign, keys, options.relay_signs, options.return_path.as_ref())
        });
        let letterhead = match loaded {
            Ok(letterhead) => Arc::new(letterhead),
            Err(why @ (Error::Invalid(_) | Error::Conflict(_))) => {
                return self.pause(id, why.to_string());
            }
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => {
                self.bar(id, error);
                return Ok(());
            }
        };
        self.app.links.warm(letterhead.links());
        self.campaigns.push(Sending { due, letterhead, prepared_at: Instant::now(), dry: false });
        Ok(())
    }

    /// Something it stands on changed since it was scheduled: it pauses and says why, and the others go on.
    fn pause(&self, campaign: i64, why: String) -> Result<()> {
        tracing::warn!(campaign, %why, "a campaign can no longer be sent and is paused");
        let now = self.app.clock.now();
        match self.app.db.write_here(|conn| state::pause(conn, campaign, Some(&why), now)) {
            // Somebody paused or cancelled it at the same time.
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Leaves a campaign alone for this run, so that what is wrong with it stops no other.
    fn bar(&mut self, campaign: i64, error: Error) {
        tracing::error!(campaign, %error, "a campaign cannot be sent");
        self.barred.insert(campaign);
        self.campaigns.retain(|sending| sending.due.id != campaign);
        self.failure = Some(error);
    }

    fn serves(&self, relay: usize, sending: &Sending) -> bool {
        let name = &self.app.relays.all()[relay].name;
        sending.due.relay.as_ref().is_none_or(|own| own == name)
    }

    /// How many letters each relay may get now, of at most `most`.
    fn rooms(&self, sending: &Sending) -> Vec<usize> {
        let relays = self.app.relays.all().iter().enumerate();
        let room = |(at, relay): (usize, &Relay<_>)| {
            if !self.serves(at, sending) || relay.is_away() {
                return 0;
            }
            self.app.pacer.room(Scope::Relay, &relay.name, self.crew.idle(at))
        };
        relays.map(room).collect()
    }

    /// The next campaign in turn that has letters due and may send some: its place, and how many.
    fn choose(&self) -> Option<(usize, usize)> {
        let pacer = &self.app.pacer;
        (0..self.campaigns.len()).map(|step| (self.next + step) % self.campaigns.len()).find_map(|at| {
            let sending = &self.campaigns[at];
            if sending.dry {
                return None;
            }
            let letters = self.rooms(sending).iter().sum();
            let letters = pacer.room(Scope::Campaign, &sending.due.name, letters);
            let letters = pacer.room(Scope::Server, "", letters);
            (letters > 0).then_some((at, letters))
        })
    }

    /// One transaction: writes what came back, and claims letters of one campaign.
    fn turn_over(&mut self, wanted: Option<(usize, usize)>) {
        let (now, node) = (self.app.clock.now(), self.app.node);
        let holder = Holder { node, lease: self.app.options.lease };
        let of = wanted.map(|(at, letters)| Wanted { campaign: self.campaigns[at].due.id, letters, holder });
        let unheld = self.lost_claims.then(|| self.crew.held());
        let turned = self.app.db.write_here(|conn| {
            settle(conn, &self.settlements, node, now)?;
            if let Some(held) = unheld {
                return_unheld(conn, node, &held, now)?;
            }
            of.map_or(Ok(Claims::default()), |of| claim(conn, of, &self.app.pacer, now))
        });
        match turned {
            Ok(claims) => {
                self.settlements.clear();
                (self.lost_claims, self.resting_until) = (false, None);
                self.failure.take_if(|_| self.barred.is_empty());
                if let Some((at, _)) = wanted {
                    self.distribute(at, claims);
                }
            }
            Err(error) => match of {
                Some(of) if !matches!(error, Error::Unavailable(_)) => self.bar(of.campaign, error),
                _ => {
                    self.lost_claims |= of.is_some();
                    self.rest(error);
                }
            },
        }
    }

    /// Gives the claimed letters to the relays, each time to the one with the most leisure.
    fn distribute(&mut self, at: usize, claims: Claims) {
        let pacer = Arc::clone(&self.app.pacer);
        let mut rooms = self.rooms(&self.campaigns[at]);
        let sending = &mut self.campaigns[at];
        sending.dry = !claims.more;
        pacer.spend(Scope::Campaign, &sending.due.name, claims.letters.len());
        pacer.spend(Scope::Server, "", claims.letters.len());
        let (campaign, letterhead) = (sending.due.id, Arc::clone(&sending.letterhead));
        for claimed in claims.letters {
            let leisure = |relay: &usize| self.crew.leisure(*relay);
            // There are never more claims than workers that wait.
            let Some(relay) = (0..rooms.len())
                .filter(|relay| rooms[*relay] > 0)
                .max_by(|one, other| leisure(one).total_cmp(&leisure(other)))
            else {
                self.lost_claims = true;
                break;
            };
            rooms[relay] -= 1;
            pacer.spend(Scope::Relay, &self.app.relays.all()[relay].name, 1);
            let order = Order { campaign, letterhead: Arc::clone(&letterhead), claimed };
            self.lost_claims |= !self.crew.give(relay, order);
            self.sent_any = true;
        }
        if claims.more {
            for relay in 0..rooms.len() {
                if self.serves(relay, &self.campaigns[at]) {
                    self.crew.hire(relay, usize::MAX);
                }
            }
        }
        self.next = at + 1;
    }
}
