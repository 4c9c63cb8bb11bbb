use super::*;
use crate::{
    allocation::Shortage,
    config::tests::example,
    fit::{Misfit, Profile},
    position::{Freed, HeldLease, Reservation},
    testing::{attribute, order_spec},
};
use proptest::prelude::*;
use virtengine_types::{
    Address, Amount,
    market::{BidId, BidStatus, Gpu, LeaseId, OrderSpec, OrderStatus},
};

const PROVIDER: Address = Address([1; 20]);

fn desk_with(change: impl FnOnce(&mut Config)) -> Desk {
    let mut config = example();
    change(&mut config);
    let profile = Profile { attributes: vec![attribute("region", "eu-west")] };
    let mut desk = Desk::new(&config, profile, Position::new("test-1".into(), PROVIDER));
    desk.tick(Height(10));
    desk
}

fn desk() -> Desk {
    desk_with(|_| {})
}

fn order_of(id: u64, spec: OrderSpec) -> OpenOrder {
    let tenant = Address([2; 20]);
    let (bids_until, expires_at) = (Height(20), Height(50));
    OpenOrder { id: OrderId(id), tenant, spec, attested: vec![], bids_until, expires_at }
}

fn order(id: u64) -> OpenOrder {
    order_of(id, order_spec())
}

fn skip(desk: &mut Desk, order: &OpenOrder) -> Skip {
    match desk.consider(order) {
        Decision::Skip(skip) => {
            assert_eq!(desk.take(), Output::default(), "a skipped order leaves no trace");
            skip
        }
        bid @ Decision::Bid(_) => panic!("{bid:?}"),
    }
}

/// A desk whose bid 70 on order 7 is on the chain.
fn with_bid() -> Desk {
    let mut desk = desk();
    assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
    desk.done(Chore::Submit(OrderId(7)), Done::Sent(Some(BidId(70))));
    drop(desk.take());
    desk
}

fn event(topic: &str, order: u64, bid: u64) -> OwnEvent {
    let lease = (topic.starts_with("market.lease") || topic == "market.bid.won").then_some(LeaseId(bid));
    OwnEvent {
        topic: topic.into(),
        height: Height(12),
        order: OrderId(order),
        bid: BidId(bid),
        lease,
        price: Amount(2),
    }
}

fn seen(status: OrderStatus, bid: Option<(u64, BidStatus)>) -> Done {
    let own = |(id, status)| OwnBid { id: BidId(id), status, price: Amount(2), deposit_locked: true };
    let lease = bid.filter(|(_, status)| *status == BidStatus::Won).map(|(id, _)| LeaseSeen {
        id: LeaseId(id),
        price: Amount(2),
        since: Height(11),
        active: true,
        confirmed: false,
    });
    Done::Order(Some(Box::new(OrderSeen { order: order(7), status, bid: bid.map(own), lease })))
}

#[test]
fn an_order_that_fits_reserves_its_capacity_and_is_bid_on() {
    let mut desk = desk();
    assert_eq!(desk.consider(&order(7)), Decision::Bid(Amount(1)));
    let output = desk.take();
    assert!(matches!(&output.changes[..], [Change::Reserved { order: OrderId(7), .. }]));
    assert_eq!(output.chores, [Chore::Submit(OrderId(7))]);
    assert_eq!(desk.position().used.cpu_milli, 500);
    assert_eq!(desk.position().used.storage_bytes["default"], 1 << 30);
}

#[test]
fn rejects_each_unfit_order_with_its_reason() {
    let mut desk = desk();
    let closed = OpenOrder { bids_until: Height(10), ..order(7) };
    assert_eq!(skip(&mut desk, &closed), Skip::Closed { bids_until: Height(10), height: Height(10) });
    assert_eq!(skip(&mut desk, &OpenOrder { tenant: PROVIDER, ..order(7) }), Skip::Own);
    let far = order_of(7, OrderSpec { region: "us-east".into(), ..order_spec() });
    assert!(matches!(skip(&mut desk, &far), Skip::Misfit(Misfit::Region { .. })));
    let mut spec = order_spec();
    spec.resources[0].cpu_milli = 64_001;
    let shortage = Shortage { resource: "cpu_milli".into(), wanted: 64_001, free: 64_000 };
    assert_eq!(skip(&mut desk, &order_of(7, spec)), Skip::Shortage(shortage));
    let mut spec = order_spec();
    spec.resources[0].storage[0].class = "tape".into();
    let error = skip(&mut desk, &order_of(7, spec)).to_string();
    assert_eq!(error, "1073741824 wanted of storage_bytes.tape, 0 free");
    let mut spec = order_spec();
    spec.resources[0].cpu_milli = 10_000;
    spec.max_price = Amount(15);
    assert_eq!(
        skip(&mut desk, &order_of(7, spec)),
        Skip::AboveCeiling { price: Amount(16), max: Amount(15) }
    );
    let mut only_cards = desk_with(|config| config.bidding.classes = vec!["gpu".into()]);
    assert_eq!(skip(&mut only_cards, &order(7)), Skip::Class { class: "cpu" });
}

#[test]
fn rejects_what_is_held_already_and_more_bids_than_may_be_open() {
    let mut desk = desk_with(|config| {
        config.bidding.max_concurrent = 1;
        config.bidding.max_open_bids = 1;
    });
    assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
    drop(desk.take());
    assert_eq!(skip(&mut desk, &order(7)), Skip::Held);
    assert_eq!(skip(&mut desk, &order(8)), Skip::OpenBids { open: 1, max: 1 });
}

#[test]
fn cards_are_of_one_model_for_each_replica() {
    let stock = |vendor: &str, model: &str, count| crate::config::GpuStock {
        vendor: vendor.into(),
        model: model.into(),
        count,
    };
    let mut desk = desk_with(|config| {
        config.capacity.gpus = vec![stock("nvidia", "a100", 4), stock("nvidia", "h100", 3)];
        config.rates.gpu.insert("h100".into(), "800".parse().unwrap());
    });
    let mut spec = order_spec();
    spec.max_price = Amount(1_000_000);
    spec.resources[0].count = 3;
    spec.resources[0].gpu = Gpu { count: 2, vendor: "nvidia".into(), models: vec![] };
    assert!(matches!(desk.consider(&order_of(7, spec.clone())), Decision::Bid(_)));
    let used: Vec<_> = desk.position().used.gpus.values().copied().collect();
    assert_eq!(used, [4, 2]);
    drop(desk.take());
    spec.resources[0].count = 1;
    assert!(matches!(
        skip(&mut desk, &order_of(8, spec)),
        Skip::Shortage(Shortage { wanted: 2, free: 1, .. })
    ));
}

#[test]
fn a_won_bid_becomes_a_lease_that_is_confirmed_and_paid_and_freed_at_its_close() {
    let mut desk = with_bid();
    desk.event(&event("market.bid.won", 7, 70));
    desk.event(&event("market.lease.created", 7, 70));
    let output = desk.take();
    assert!(matches!(&output.changes[..], [Change::LeaseStarted { lease: LeaseId(70), .. }]));
    assert_eq!(output.chores, [Chore::Confirm(LeaseId(70))]);
    assert_eq!(desk.position().used.cpu_milli, 500);
    desk.done(Chore::Confirm(LeaseId(70)), Done::Sent(None));
    desk.event(&event("market.lease.confirmed", 7, 70));
    assert_eq!(desk.take().changes, [Change::LeaseConfirmed { lease: LeaseId(70) }], "told once");
    desk.tick(Height(1_011));
    assert_eq!(desk.take().chores, []);
    desk.tick(Height(1_012));
    assert_eq!(desk.take().chores, [Chore::Withdraw(LeaseId(70))]);
    desk.done(Chore::Withdraw(LeaseId(70)), Done::Sent(None));
    assert_eq!(desk.position().leases[&LeaseId(70)].withdrawn_at, Height(1_012));
    desk.event(&event("market.lease.closed", 7, 70));
    assert_eq!(desk.position().used, Allocation::default());
}

#[test]
fn earnings_are_withdrawn_when_they_reach_the_amount() {
    let mut desk = desk_with(|config| config.earnings.withdraw_at = Some(Amount(20)));
    desk.event(&event("market.lease.created", 7, 70));
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Active, Some((70, BidStatus::Won))));
    desk.done(Chore::Confirm(LeaseId(70)), Done::Sent(None));
    desk.tick(Height(20));
    assert!(!desk.take().chores.contains(&Chore::Withdraw(LeaseId(70))));
    desk.tick(Height(21)); // 10 blocks at 2 uve
    assert_eq!(desk.take().chores, [Chore::Withdraw(LeaseId(70))]);
}

#[test]
fn lost_expired_and_withdrawn_bids_free_their_capacity_and_only_their_own() {
    for topic in ["market.bid.lost", "market.bid.expired", "market.bid.withdrawn"] {
        let mut desk = with_bid();
        desk.event(&event(topic, 7, 69)); // of an earlier round
        assert_eq!(desk.position().used.cpu_milli, 500);
        desk.event(&event(topic, 7, 70));
        assert_eq!(desk.position().used, Allocation::default());
    }
}

#[test]
fn a_reservation_never_outlives_its_order() {
    let mut desk = with_bid();
    desk.tick(Height(49));
    assert_eq!(desk.take().chores, []);
    desk.tick(Height(50));
    assert_eq!(desk.take().chores, [Chore::Check(OrderId(7))]);
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Matched, Some((70, BidStatus::Lost))));
    let output = desk.take();
    assert_eq!(output.changes, [Change::Freed { order: OrderId(7), why: Freed::Lost }]);
    assert_eq!(output.chores, [Chore::Release(BidId(70))]);
    assert_eq!(desk.position().used, Allocation::default());
}

#[test]
fn a_bid_that_nobody_took_is_withdrawn_after_its_blocks() {
    let mut desk = desk_with(|config| config.bidding.withdraw_after_blocks = Some(5));
    assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
    desk.done(Chore::Submit(OrderId(7)), Done::Sent(Some(BidId(70))));
    drop(desk.take());
    desk.tick(Height(15));
    let chore = Chore::WithdrawBid(OrderId(7), BidId(70));
    assert_eq!(desk.take().chores, [chore]);
    desk.done(chore, Done::Sent(None));
    assert_eq!(desk.position().used, Allocation::default());
}

#[test]
fn a_refused_bid_is_looked_up_once_and_frees_its_capacity() {
    let mut desk = desk();
    assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
    drop(desk.take());
    desk.done(Chore::Submit(OrderId(7)), Done::Refused);
    assert_eq!(desk.take().chores, [Chore::Check(OrderId(7))]);
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Open, None));
    let output = desk.take();
    assert_eq!(output.changes, [Change::Freed { order: OrderId(7), why: Freed::Refused }]);
    assert_eq!(output.chores, []);
}

#[test]
fn a_bid_without_word_is_found_on_the_chain_or_sent_again() {
    for (bid, chores) in [(Some((70, BidStatus::Open)), vec![]), (None, vec![Chore::Submit(OrderId(7))])] {
        let mut desk = desk();
        assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
        desk.done(Chore::Submit(OrderId(7)), Done::Unknown);
        drop(desk.take());
        desk.tick(Height(11));
        assert_eq!(desk.take().chores, [Chore::Check(OrderId(7))]);
        desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Open, bid));
        assert_eq!(desk.take().chores, chores);
        assert_eq!(desk.position().used.cpu_milli, 500);
    }
}

#[test]
fn a_lease_and_a_bid_that_are_not_known_here_take_capacity_all_the_same() {
    let mut desk = desk();
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Open, Some((70, BidStatus::Open))));
    assert_eq!(desk.position().reservations[&OrderId(7)].bid, Some(BidId(70)));
    let mut desk = desk_with(|config| config.capacity.cpu_milli = 100);
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Matched, Some((70, BidStatus::Won))));
    assert_eq!(desk.position().leases[&LeaseId(70)].allocation.cpu_milli, 500);
    assert!(matches!(skip(&mut desk_after(desk), &order(8)), Skip::Shortage(_)));
}

/// A desk that can serve one order, whose bid 70 on order 7 is on the chain, and for which 8 and 9 wait.
fn full() -> Desk {
    let mut desk = desk_with(|config| config.capacity.cpu_milli = 900);
    assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
    desk.done(Chore::Submit(OrderId(7)), Done::Sent(Some(BidId(70))));
    drop(desk.take());
    for id in [9, 8] {
        assert!(matches!(skip(&mut desk, &order(id)), Skip::Shortage(_)));
    }
    desk
}

#[test]
fn released_capacity_goes_to_the_earliest_order_that_waited_for_it() {
    let ends: [(&str, fn(&mut Desk)); 4] = [
        ("lost", |desk| desk.event(&event("market.bid.lost", 7, 70))),
        ("expired", |desk| desk.event(&event("market.bid.expired", 7, 70))),
        ("withdrawn", |desk| desk.event(&event("market.bid.withdrawn", 7, 70))),
        ("lease closed", |desk| {
            desk.event(&event("market.lease.created", 7, 70));
            assert_eq!(desk.reconsider(), [], "a lease holds what its bid held");
            desk.event(&event("market.lease.closed", 7, 70));
        }),
    ];
    for (end, release) in ends {
        let mut desk = full();
        assert_eq!(desk.reconsider(), [], "nothing was released");
        release(&mut desk);
        assert_eq!(desk.reconsider(), [(OrderId(8), Amount(1))], "{end}");
        assert!(desk.take().chores.contains(&Chore::Submit(OrderId(8))), "{end}");
        assert_eq!((desk.waiting(), desk.reconsider()), (1, vec![]), "{end}");
    }
}

#[test]
fn a_bid_that_nobody_took_gives_its_capacity_to_the_next_order_when_it_expires() {
    let mut desk = full();
    let late = OpenOrder { bids_until: Height(60), expires_at: Height(90), ..order(11) };
    assert!(matches!(skip(&mut desk, &late), Skip::Shortage(_)));
    desk.tick(Height(49));
    assert_eq!(desk.take().chores, []);
    desk.tick(Height(50));
    assert_eq!(desk.take().chores, [Chore::Check(OrderId(7))]);
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Expired, Some((70, BidStatus::Expired))));
    assert_eq!(desk.reconsider(), [(OrderId(11), Amount(1))], "8 and 9 take no more bids");
    assert!(desk.take().changes.contains(&Change::Freed { order: OrderId(7), why: Freed::Expired }));
}

#[test]
fn a_lease_makes_room_for_another_open_bid() {
    let mut desk = desk_with(|config| {
        config.bidding.max_concurrent = 1;
        config.bidding.max_open_bids = 1;
    });
    assert!(matches!(desk.consider(&order(7)), Decision::Bid(_)));
    drop(desk.take());
    assert!(matches!(skip(&mut desk, &order(8)), Skip::OpenBids { .. }));
    desk.event(&event("market.lease.created", 7, 70));
    assert_eq!(desk.reconsider(), [], "the bid on 7 and its lease are under way");
    desk.done(Chore::Submit(OrderId(7)), Done::Sent(Some(BidId(70))));
    desk.done(Chore::Confirm(LeaseId(70)), Done::Sent(None));
    assert_eq!(desk.reconsider(), [(OrderId(8), Amount(1))]);
}

#[test]
fn only_orders_that_can_still_be_served_wait() {
    let mut desk = full();
    let mut spec = order_spec();
    spec.resources[0].cpu_milli = 1_000;
    assert!(matches!(skip(&mut desk, &order_of(10, spec)), Skip::Shortage(_)));
    assert_eq!(desk.waiting(), 2, "10 wants more than all that is offered");
    desk.tick(Height(20));
    assert_eq!(desk.waiting(), 0, "8 and 9 take no more bids");
}

#[test]
fn orders_beyond_those_remembered_are_listed_again_when_capacity_is_released() {
    let mut desk = full();
    let release = |desk: &mut Desk, id: u64| {
        desk.done(Chore::Submit(OrderId(id)), Done::Sent(Some(BidId(id))));
        desk.event(&event("market.bid.lost", id, id));
    };
    assert!(!desk.wants_listing(), "nothing was released");
    release(&mut desk, 7);
    desk.event(&event("market.bid.lost", 7, 70));
    desk.tick(Height(19));
    assert!(!desk.wants_listing());
    let late = |id| OpenOrder { bids_until: Height(500), ..order(id) };
    desk.tick(Height(30));
    assert!(desk.wants_listing(), "orders may have been skipped before the start");
    assert!(!desk.wants_listing());
    assert!(matches!(desk.consider(&late(20)), Decision::Bid(_)));
    for id in 100..100 + waiting::MAX_WAITING as u64 {
        desk.consider(&late(id));
    }
    release(&mut desk, 20);
    desk.tick(Height(60));
    assert!(!desk.wants_listing(), "all that wait are remembered");
    assert_eq!(desk.reconsider(), [(OrderId(100), Amount(1))]);
    for id in [2_000, 2_001] {
        desk.consider(&late(id));
    }
    release(&mut desk, 100);
    assert!(desk.wants_listing(), "2001 was too many");
}

fn desk_after(mut desk: Desk) -> Desk {
    drop(desk.take());
    desk
}

#[test]
fn a_lease_that_the_chain_has_closed_is_closed_here() {
    let mut desk = with_bid();
    desk.event(&event("market.lease.created", 7, 70));
    desk.done(Chore::Confirm(LeaseId(70)), Done::Refused);
    assert!(desk.take().chores.contains(&Chore::CheckLease(LeaseId(70))));
    desk.done(Chore::CheckLease(LeaseId(70)), Done::Lease(None));
    assert_eq!(desk.position().used, Allocation::default());
}

#[test]
fn no_more_chores_than_allowed_start_in_a_block() {
    let mut desk = desk_with(|config| config.bidding.max_concurrent = 4);
    for id in 0..10 {
        let held = HeldLease {
            order: OrderId(id),
            allocation: Allocation::default(),
            price: Amount(1),
            since: Height(1),
            confirmed: true,
            withdrawn_at: Height(1),
        };
        desk.change(Change::LeaseStarted { lease: LeaseId(id), held });
    }
    drop(desk.take());
    desk.tick(Height(5_000));
    assert_eq!(desk.take().chores.len(), 4);
    desk.tick(Height(5_001));
    assert_eq!(desk.take().chores.len(), 0);
}

/// Something that happens to a desk.
#[derive(Clone, Debug)]
enum Step {
    Consider { id: u64, cpu_milli: u64, cards: u32 },
    Word { order: u64, outcome: u8 },
    Tick(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..12_u64, 1..40_000_u64, 0..4_u32).prop_map(|(id, cpu_milli, cards)| Step::Consider {
            id,
            cpu_milli,
            cards
        }),
        (0..12_u64, 0..7_u8).prop_map(|(order, outcome)| Step::Word { order, outcome }),
        (1..20_u64).prop_map(Step::Tick),
    ]
}

fn play(desk: &mut Desk, step: &Step) {
    match *step {
        Step::Consider { id, cpu_milli, cards } => {
            let mut spec = order_spec();
            spec.max_price = Amount(1_000_000);
            spec.resources[0].cpu_milli = cpu_milli;
            spec.resources[0].gpu = Gpu { count: cards, ..Gpu::default() };
            let until = desk.height().plus(10);
            desk.consider(&OpenOrder { bids_until: until, expires_at: until.plus(10), ..order_of(id, spec) });
        }
        Step::Word { order, outcome } => {
            let bid = desk.position().reservations.get(&OrderId(order)).and_then(|known| known.bid);
            let bid = bid.map_or(order * 100 + 1, |bid| bid.0);
            let submit = Chore::Submit(OrderId(order));
            match outcome {
                0 => desk.done(submit, Done::Sent(Some(BidId(bid)))),
                1 => desk.done(submit, Done::Refused),
                2 => desk.done(submit, Done::Unknown),
                3 => desk.event(&event("market.bid.lost", order, bid)),
                4 => desk.event(&event("market.lease.created", order, bid)),
                5 => desk.event(&event("market.lease.closed", order, bid)),
                _ => desk.event(&event("market.bid.expired", order, bid)),
            }
        }
        Step::Tick(blocks) => desk.tick(desk.height().plus(blocks)),
    }
}

fn counted(position: &Position) -> Allocation {
    let mut position = position.clone();
    position.recount();
    position.used
}

proptest! {
    #[test]
    fn what_is_held_never_exceeds_what_is_offered_and_changes_tell_the_whole_story(
        steps in prop::collection::vec(step(), 1..80),
        cut in 0..80_usize,
    ) {
        let mut desk = desk();
        let mut replayed = Position::new("test-1".into(), PROVIDER);
        for (at, step) in steps.iter().enumerate() {
            play(&mut desk, step);
            desk.reconsider();
            for change in desk.take().changes {
                replayed.apply(&change);
                // The journal may deliver a change again after a crash.
                replayed.apply(&change);
            }
            prop_assert_eq!(&replayed, desk.position());
            prop_assert_eq!(&counted(desk.position()), &desk.position().used);
            prop_assert_eq!(desk.position().used.within(desk.offered()), Ok(()));
            if at == cut {
                // A restart from what is durable goes on by the same rules.
                let profile = desk.profile.clone();
                let height = desk.height();
                desk = Desk::new(&example(), profile, replayed.clone());
                desk.tick(height);
            }
        }
    }

    #[test]
    fn a_price_that_is_bid_is_never_above_the_ceiling(
        cpu_milli in 1..64_000_u64, cards in 0..4_u32, ceiling in 1..5_000_u128,
    ) {
        let mut spec = order_spec();
        spec.resources[0].cpu_milli = cpu_milli;
        spec.resources[0].gpu = Gpu { count: cards, ..Gpu::default() };
        spec.max_price = Amount(ceiling);
        if let Decision::Bid(price) = desk().consider(&order_of(7, spec)) {
            prop_assert!(price <= Amount(ceiling));
        }
    }
}

#[test]
fn a_reservation_is_replaced_by_nothing_else() {
    let mut desk = with_bid();
    let kept: Reservation = desk.position().reservations[&OrderId(7)].clone();
    desk.done(Chore::Check(OrderId(7)), seen(OrderStatus::Open, Some((70, BidStatus::Open))));
    assert_eq!(desk.position().reservations[&OrderId(7)], kept);
}
