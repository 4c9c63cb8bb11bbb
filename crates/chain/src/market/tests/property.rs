//! Whatever is asked in whatever order, money is conserved and every invariant holds.

use super::fixture::*;
use crate::{
    market::{BIDS, LEASES, ORDERS},
    testing::{Harness, address},
};
use proptest::prelude::*;
use virtengine_types::{
    Address, Amount,
    market::{BidId, CloseReason, LeaseId, OrderId, Selection},
    msg::{AfterClose, AttestProvider, DeregisterProvider, Msg, RevokeAttestation, UpdateProvider},
};

/// One thing that somebody asks; numbers pick among what exists at that moment.
#[derive(Clone, Debug)]
enum Wish {
    Create { auto: bool, audited: bool, deposit: u128, window: u64 },
    Cancel(usize),
    Submit { order: usize, provider: usize, price: u128 },
    WithdrawBid(usize),
    Accept(usize),
    Confirm(usize),
    Close { lease: usize, by_tenant: bool, reopen: bool, unhealthy: bool },
    Earn(usize),
    Release(usize),
    Deposit { order: usize, friend: bool, amount: u128 },
    Leave(usize),
    Register(usize),
    Attest(usize),
    Revoke(usize),
    Update { provider: usize, gold: bool },
    Empty(u64),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wish = prop_oneof![
        3 => (any::<bool>(), prop::bool::weighted(0.3), 1u128..3_000, 1u64..6).prop_map(
            |(auto, audited, deposit, window)| Wish::Create { auto, audited, deposit, window }
        ),
        1 => (0usize..9).prop_map(Wish::Cancel),
        6 => (0usize..9, 0usize..4, 1u128..1_100)
            .prop_map(|(order, provider, price)| Wish::Submit { order, provider, price }),
        1 => (0usize..9).prop_map(Wish::WithdrawBid),
        4 => (0usize..9).prop_map(Wish::Accept),
        1 => (0usize..9).prop_map(Wish::Confirm),
        2 => (0usize..9, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(lease, by_tenant, reopen, unhealthy)| Wish::Close { lease, by_tenant, reopen, unhealthy }
        ),
        2 => (0usize..9).prop_map(Wish::Earn),
        1 => (0usize..9).prop_map(Wish::Release),
        2 => (0usize..9, any::<bool>(), 1u128..2_000)
            .prop_map(|(order, friend, amount)| Wish::Deposit { order, friend, amount }),
        1 => (0usize..4).prop_map(Wish::Leave),
        1 => (0usize..4).prop_map(Wish::Register),
        2 => (0usize..4).prop_map(Wish::Attest),
        1 => (0usize..4).prop_map(Wish::Revoke),
        1 => (0usize..4, any::<bool>()).prop_map(|(provider, gold)| Wish::Update { provider, gold }),
        3 => (1u64..8).prop_map(Wish::Empty),
    ];
    prop::collection::vec(wish, 1..60)
}

fn pick<K: Copy>(list: &[K], number: usize) -> Option<K> {
    // Late ones first: they are the ones that still change.
    list.len().checked_sub(1).map(|last| list[last - number % list.len()])
}

fn message(chain: &Harness, wish: &Wish) -> Option<Msg> {
    let sorted = |mut ids: Vec<u64>| {
        ids.sort_unstable();
        ids
    };
    let orders = sorted(chain.rows(&ORDERS).into_iter().map(|(id, _)| id.0).collect());
    let bids = sorted(chain.rows(&BIDS).into_iter().map(|(id, _)| id.0).collect());
    let leases = sorted(chain.rows(&LEASES).into_iter().map(|(id, _)| id.0).collect());
    let order = |number| pick(&orders, number).map(OrderId);
    let bid = |number| pick(&bids, number).map(BidId);
    let lease = |number| pick(&leases, number).map(LeaseId);
    let bidder = |id: BidId| name_of(chain.row(&BIDS, &id).unwrap().provider);
    let server = |id: LeaseId| name_of(chain.row(&LEASES, &id).unwrap().provider);
    Some(match wish {
        Wish::Create { auto, audited, deposit, window } => {
            let mut spec = spec(if *auto { Selection::Auto } else { Selection::Manual });
            spec.bid_window = *window;
            if *audited {
                spec.signed_by_all = vec![address("auditor")];
            }
            create(spec, *deposit)
        }
        Wish::Cancel(number) => cancel("tenant", order(*number)?),
        Wish::Submit { order: number, provider, price } => {
            submit(order(*number)?, &format!("p{provider}"), *price)
        }
        Wish::WithdrawBid(number) => bid(*number).map(|id| withdraw_bid(&bidder(id), id))?,
        Wish::Accept(number) => accept(bid(*number)?),
        Wish::Confirm(number) => lease(*number).map(|id| confirm(&server(id), id))?,
        Wish::Close { lease: number, by_tenant, reopen, unhealthy } => {
            let id = lease(*number)?;
            let name = if *by_tenant { "tenant".to_owned() } else { server(id) };
            let after = if *reopen { AfterClose::Reopen } else { AfterClose::Close };
            close(&name, id, unhealthy.then_some(CloseReason::Unhealthy), after)
        }
        Wish::Earn(number) => lease(*number).map(|id| earn(&server(id), id))?,
        Wish::Release(number) => release("stranger", bid(*number)?),
        Wish::Deposit { order: number, friend, amount } => {
            deposit(address(if *friend { "friend" } else { "tenant" }), order(*number)?, *amount)
        }
        Wish::Leave(number) => {
            Msg::DeregisterProvider(DeregisterProvider { owner: address(&format!("p{number}")) })
        }
        Wish::Register(number) => register(&format!("p{number}")),
        Wish::Attest(number) => Msg::AttestProvider(AttestProvider {
            auditor: address("auditor"),
            provider: address(&format!("p{number}")),
            attributes: vec![attribute("region", "eu"), attribute("tier", "gold")],
        }),
        Wish::Revoke(number) => Msg::RevokeAttestation(RevokeAttestation {
            auditor: address("auditor"),
            provider: address(&format!("p{number}")),
        }),
        Wish::Update { provider, gold } => Msg::UpdateProvider(UpdateProvider {
            owner: address(&format!("p{provider}")),
            host_uri: "https://new.example".to_owned(),
            attributes: vec![
                attribute("region", "eu"),
                attribute("tier", if *gold { "gold" } else { "iron" }),
            ],
            email: String::new(),
            website: String::new(),
        }),
        Wish::Empty(_) => return None,
    })
}

fn name_of(provider: Address) -> String {
    (0..4).map(|number| format!("p{number}")).find(|name| address(name) == provider).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_sequence_of_messages_conserves_supply_and_every_invariant(
        wishes in wishes(),
        budget in prop_oneof![Just(1u32), Just(1_000)],
    ) {
        let mut chain = market_with(4, |params| {
            params.max_due_per_block = budget;
            params.min_order_deposit = Amount(1);
            params.selection_window = 4;
            params.max_bids_per_order = 3;
        });
        for wish in &wishes {
            match message(&chain, wish) {
                Some(message) => {
                    chain.send(message);
                }
                None => chain.empty_blocks(if let Wish::Empty(blocks) = wish { *blocks } else { 1 }),
            }
            if let Err(violation) = crate::invariants::all(&chain.store) {
                return Err(TestCaseError::fail(format!("after {wish:?}: {violation}")));
            }
        }
        // Time ends every order, and every coin is an account's again or still flows.
        chain.empty_blocks(40);
        prop_assert_eq!(crate::invariants::all(&chain.store), Ok(()));
    }
}
