//! The audience of a campaign, foreseen and planned by what people look like, against the gate's word on every single
//! person: the population is made at random, with every fact that the gate knows of.

use std::collections::BTreeMap;

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::DbConnection;
use mannerly::db::schema::{
    brand, brand_choice, brand_choice_entry, campaign, campaign_subject, delivery, ledger, opt_in,
    permission, subscriber, suppression, suppression_exception,
};
use mannerly::domain::audience::source::{self, SourceForm};
use mannerly::domain::campaign::audience::Preview;
use mannerly::domain::campaign::{self as campaigns, Campaign, audience, state};
use mannerly::domain::catalog::{Brand, Channel, topic};
use mannerly::domain::consent::brand_choice::{self as choices, AtMost, BrandChoice};
use mannerly::domain::consent::facts::gather;
use mannerly::domain::consent::gate::{Refusal, decide};
use mannerly::domain::consent::looks::{self, Stretch};
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::consent::suppression::Reason;
use mannerly::domain::delivery::plan;
use mannerly::id::PublicId;

use crate::support::people::{own_source, supplier};
use crate::support::server::TestServer;

const PEOPLE: u64 = 300;
const CAMPAIGNS: u64 = 8;
const DAY: i64 = 86_400_000_000;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn number(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.number(from.len() as u64) as usize]
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.number(many) == 0
    }

    /// A moment near one of those at which the gate's answer changes, or exactly then.
    fn moment(&mut self, now: Moment) -> Moment {
        let days = self.pick(&[-40, -30, -30, -10, -1, 0, 0, 1]);
        Moment::from_micros(now.as_micros() + days * DAY + self.pick(&[-1, 0, 1]))
    }
}

/// What people can have answered to, and where that can have come from.
struct World {
    brand: Brand,
    other: Brand,
    /// The communication first, then subjects, then a communication that no campaign is about.
    topics: Vec<i64>,
    /// A topic of the other brand.
    foreign: i64,
    sources: Vec<i64>,
    entry: i64,
    choice_entry: i64,
    /// Campaigns that were sent before: of the brand by email, of the brand by post, and of the other brand.
    earlier: Vec<i64>,
}

fn world(server: &TestServer) -> World {
    let (brand, other) = (server.demo_brand(), server.other_brand());
    let first = server.person(&brand, "first@example.com").agrees("newsletter");
    let entry: i64 = server.read(|conn| {
        Ok(ledger::table.filter(ledger::subscriber_id.eq(first.id)).select(ledger::id).first(conn)?)
    });
    let weekly = BrandChoice { at_most: AtMost::Weekly, ..BrandChoice::default() };
    server
        .person(&brand, "second@example.com")
        .state(|conn, statement| choices::set(conn, statement, weekly));
    let choice_entry: i64 =
        server.read(|conn| Ok(brand_choice_entry::table.select(brand_choice_entry::id).first(conn)?));
    let earlier = [&brand, &brand, &other].map(|brand| server.draft(brand, |_| {}).id);
    server.write(|conn, _| {
        let by_post = diesel::update(campaign::table.find(earlier[1]));
        by_post.set(campaign::channel.eq(Channel::Post)).execute(conn)?;
        Ok(diesel::update(campaign::table).set(campaign::state.eq("sent")).execute(conn)?)
    });
    let unnamed = SourceForm { name: "No policy".into(), policy_url: None, ..supplier() };
    let ended = SourceForm {
        name: "Licence over".into(),
        licence_until: Some(Moment::from_micros(server.now().as_micros() - DAY)),
        ..supplier()
    };
    server.write(|conn, now| {
        let mut sources = Vec::new();
        for form in [own_source(), supplier(), unnamed, ended] {
            sources.push(source::ensure(conn, &form, now)?.id);
        }
        let mut topics = Vec::new();
        for slug in ["newsletter", "transport", "grants", "social-care", "events"] {
            topics.push(topic::find(conn, brand.id, slug)?.id);
        }
        let foreign = topic::find(conn, other.id, "newsletter")?.id;
        Ok(World {
            foreign,
            topics,
            sources,
            entry,
            choice_entry,
            earlier: earlier.to_vec(),
            brand: brand.clone(),
            other: other.clone(),
        })
    })
}

/// Makes a person with facts as the dice have them.
fn person(conn: &mut DbConnection, dice: &mut Dice, world: &World, number: u64, now: Moment) {
    let hash = number.to_be_bytes().to_vec();
    let maybe = |dice: &mut Dice, many| dice.one_in(many).then(|| dice.moment(now));
    let email = (!dice.one_in(20)).then(|| format!("person{number}@example.com"));
    let email_hash = (!dice.one_in(30)).then(|| hash.clone());
    let informed_at = maybe(dice, 2);
    let id: i64 = diesel::insert_into(subscriber::table)
        .values((
            subscriber::public_id.eq(PublicId::new()),
            subscriber::email.eq(email),
            subscriber::email_hash.eq(email_hash),
            subscriber::attributes.eq("{}"),
            subscriber::source_id.eq(world.sources[0]),
            subscriber::created_at.eq(now),
            subscriber::restricted_at.eq(maybe(dice, 20)),
            subscriber::erased_at.eq(maybe(dice, 20)),
        ))
        .returning(subscriber::id)
        .get_result(conn)
        .unwrap();
    for place in 0..world.topics.len() {
        for channel in Channel::ALL {
            let likely = if place == 0 && *channel == Channel::Email { 4 } else { 1 };
            if dice.number(6) < likely {
                // What is known of other answers is nothing about the one that counts.
                let informed_at = if place == 0 { informed_at } else { Some(now) };
                let topic = (id, world.topics[place], world.brand.id, *channel);
                answer(conn, dice, world, topic, (informed_at, now));
            }
        }
    }
    if dice.one_in(3) {
        let topic = (id, world.foreign, world.other.id, Channel::Email);
        answer(conn, dice, world, topic, (Some(now), now));
    }
    for kind in Kind::ALL {
        for brand in [world.brand.id, world.other.id] {
            let row = (
                permission::subscriber_id.eq(id),
                permission::brand_id.eq(brand),
                permission::kind.eq(*kind),
                permission::state.eq(dice.pick(&["granted", "refused"])),
                permission::changed_at.eq(now),
                permission::ledger_id.eq(world.entry),
            );
            if dice.one_in(2) {
                diesel::insert_into(permission::table).values(row).execute(conn).unwrap();
            }
        }
    }
    for brand in [world.brand.id, world.other.id] {
        if dice.one_in(3) {
            choose(conn, dice, world, (id, brand), now);
        }
    }
    written_before(conn, dice, world, id, now);
    for reason in Reason::ALL {
        if dice.one_in(15) {
            suppress(conn, dice, world, &hash, *reason, now);
        }
    }
}

fn answer(
    conn: &mut DbConnection,
    dice: &mut Dice,
    world: &World,
    (person, topic, brand, channel): (i64, i64, i64, Channel),
    (informed_at, now): (Option<Moment>, Moment),
) {
    let states = [State::Granted, State::Granted, State::Granted, State::Pending, State::Withdrawn];
    diesel::insert_into(opt_in::table)
        .values((
            opt_in::subscriber_id.eq(person),
            opt_in::topic_id.eq(topic),
            opt_in::channel.eq(channel),
            opt_in::brand_id.eq(brand),
            opt_in::state.eq(dice.pick(&states)),
            opt_in::basis.eq("consent"),
            opt_in::changed_at.eq(dice.moment(now)),
            opt_in::expires_at.eq(dice.one_in(4).then(|| dice.moment(now))),
            opt_in::ledger_id.eq(world.entry),
            opt_in::source_id.eq((!dice.one_in(3)).then(|| dice.pick(&world.sources))),
            opt_in::obtained_at.eq(dice.one_in(2).then(|| dice.moment(now))),
            opt_in::informed_at.eq(informed_at),
        ))
        .execute(conn)
        .unwrap();
}

/// Makes a choice about a brand: a pause that may be over, and how often at most.
fn choose(conn: &mut DbConnection, dice: &mut Dice, world: &World, (person, brand): (i64, i64), now: Moment) {
    diesel::insert_into(brand_choice::table)
        .values((
            brand_choice::subscriber_id.eq(person),
            brand_choice::brand_id.eq(brand),
            brand_choice::paused_until.eq(dice.one_in(3).then(|| dice.moment(now))),
            brand_choice::at_most.eq(dice.pick(AtMost::ALL)),
            brand_choice::changed_at.eq(now),
            brand_choice::entry_id.eq(world.choice_entry),
        ))
        .execute(conn)
        .unwrap();
}

/// Makes letters of earlier campaigns, near the moments at which they no longer count.
fn written_before(conn: &mut DbConnection, dice: &mut Dice, world: &World, person: i64, now: Moment) {
    for campaign in &world.earlier {
        let state = dice.pick(&["sent", "sent", "uncertain", "failed", "skipped", "planned", "claimed"]);
        let days = dice.pick(&[-13, -13, -55, -55, -40, -2]);
        let finished = now.as_micros() + days * DAY / 2 + dice.pick(&[-1, 0, 1]);
        let is_open = matches!(state, "planned" | "claimed");
        if dice.one_in(4) {
            diesel::insert_into(delivery::table)
                .values((
                    delivery::campaign_id.eq(campaign),
                    delivery::subscriber_id.eq(person),
                    delivery::state.eq(state),
                    delivery::attempts.eq(1),
                    delivery::due_at.eq(now),
                    delivery::tracks_opens.eq(false),
                    delivery::tracks_clicks.eq(false),
                    delivery::finished_at.eq((!is_open).then_some(finished)),
                ))
                .execute(conn)
                .unwrap();
        }
    }
}

fn suppress(
    conn: &mut DbConnection,
    dice: &mut Dice,
    world: &World,
    hash: &[u8],
    reason: Reason,
    now: Moment,
) {
    let brand = dice.pick(&[None, Some(world.brand.id), Some(world.other.id)]);
    let id: i64 = diesel::insert_into(suppression::table)
        .values((
            suppression::public_id.eq(PublicId::new()),
            suppression::address_hash.eq(hash),
            suppression::channel.eq(dice.pick(&[Channel::Email, Channel::Email, Channel::Phone])),
            suppression::brand_id.eq(brand),
            suppression::reason.eq(reason),
            suppression::created_at.eq(now),
        ))
        .returning(suppression::id)
        .get_result(conn)
        .unwrap();
    if dice.one_in(3) {
        diesel::insert_into(suppression_exception::table)
            .values((
                suppression_exception::suppression_id.eq(id),
                suppression_exception::brand_id.eq(dice.pick(&[world.brand.id, world.other.id])),
                suppression_exception::created_at.eq(now),
            ))
            .execute(conn)
            .unwrap();
    }
}

/// A campaign that is scheduled, with subjects and a refresh of consents as the dice have them.
fn scheduled(server: &TestServer, dice: &mut Dice, world: &World) -> Campaign {
    let draft = server.draft(&world.brand, |_| {});
    let subjects = &world.topics[1..1 + dice.number(4) as usize];
    let refresh = dice.one_in(2).then(|| dice.moment(server.now()));
    let channel = dice.pick(&[Channel::Email, Channel::Email, Channel::Post]);
    server.write(|conn, now| {
        let draft = state::schedule(conn, draft.id, None, now)?;
        diesel::update(campaign::table.find(draft.id)).set(campaign::channel.eq(channel)).execute(conn)?;
        for topic in subjects {
            diesel::insert_into(campaign_subject::table)
                .values((campaign_subject::campaign_id.eq(draft.id), campaign_subject::topic_id.eq(topic)))
                .execute(conn)?;
        }
        diesel::update(brand::table.find(world.brand.id))
            .set(brand::refresh_consents_before.eq(refresh))
            .execute(conn)?;
        campaigns::get(conn, draft.id)
    })
}

/// The gate's word on each person, one by one.
fn one_by_one(server: &TestServer, campaign: &Campaign) -> (Preview, BTreeMap<i64, Option<&'static str>>) {
    server.write(|conn, now| {
        let (_, facts) = campaigns::facts(conn, campaign)?;
        let people: Vec<i64> =
            subscriber::table.filter(subscriber::erased_at.is_null()).select(subscriber::id).load(conn)?;
        let (mut preview, mut words) = (Preview::default(), BTreeMap::new());
        for known in gather(conn, &facts, &people, now)? {
            let refusal = decide(&known.facts, &facts, now).err();
            match refusal {
                None => {
                    preview.allowed += 1;
                    preview.opens_measurable += i64::from(known.allows.opens);
                    preview.clicks_measurable += i64::from(known.allows.clicks);
                }
                Some(refusal) => *preview.refused.entry(refusal).or_default() += 1,
            }
            words.insert(known.person.id, refusal.map(|refusal| refusal.as_str()));
        }
        preview.people = people.len() as i64;
        Ok((preview, words))
    })
}

both_databases! {
    async fn what_is_foreseen_and_what_is_planned_is_the_gates_word_on_every_person(mut server: TestServer) {
        server.leave_work_behind();
        let world = world(&server);
        let mut dice = Dice(20_261_122);
        server.write(|conn, now| {
            (0..PEOPLE).for_each(|number| person(conn, &mut dice, &world, number, now));
            Ok(())
        });
        let mut reasons = std::collections::BTreeSet::new();
        for _ in 0..CAMPAIGNS {
            let campaign = scheduled(&server, &mut dice, &world);
            let (preview, words) = one_by_one(&server, &campaign);
            let foreseen = audience::preview(&server.app.db, campaign.public_id, server.now()).unwrap();
            assert_eq!(foreseen, preview);
            while server.write(|conn, now| plan::batch(conn, campaign.id, now)) {}
            let planned: Vec<(i64, String, Option<String>)> = server.read(|conn| {
                let rows = delivery::table.filter(delivery::campaign_id.eq(campaign.id));
                Ok(rows.select((delivery::subscriber_id, delivery::state, delivery::reason)).load(conn)?)
            });
            assert_eq!(planned.len(), words.len());
            for (person, state, reason) in planned {
                let word = words[&person];
                assert_eq!(reason.as_deref(), word);
                assert_eq!(state, if word.is_none() { "planned" } else { "skipped" });
                reasons.insert(word);
            }
        }
        assert_eq!(reasons.len(), Refusal::ALL.len() + 1, "some reason never came up: {reasons:?}");
    }

    async fn stretches_of_people_have_no_gap_and_no_overlap(mut server: TestServer) {
        server.leave_work_behind();
        let world = world(&server);
        let mut dice = Dice(7);
        server.write(|conn, now| {
            (0..50).for_each(|number| person(conn, &mut dice, &world, number, now));
            Ok(())
        });
        let draft = server.draft(&world.brand, |_| {});
        let now = server.now();
        server.read(|conn| {
            let (_, facts) = campaigns::facts(conn, &draft)?;
            let whole: i64 = looks::count(conn, &facts, Stretch { after: 0, to: 100 }, now)?
                .into_iter().map(|(_, people)| people).sum();
            let (mut parts, mut each) = (0, Vec::new());
            for after in (0..100).step_by(7) {
                let stretch = Stretch { after, to: after + 7 };
                parts += looks::count(conn, &facts, stretch, now)?.into_iter().map(|(_, n)| n).sum::<i64>();
                each.extend(looks::each(conn, &facts, stretch, now)?.into_iter().map(|(person, _)| person));
            }
            let people: Vec<i64> = subscriber::table
                .filter(subscriber::erased_at.is_null())
                .order(subscriber::id)
                .select(subscriber::id)
                .load(conn)?;
            assert_eq!((whole, parts), (people.len() as i64, people.len() as i64));
            assert_eq!(each, people);
            Ok(())
        });
    }
}
