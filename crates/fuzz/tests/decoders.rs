//! Every target, on its seeds and on inputs made from recipes.
//!
//! A run is bounded in inputs and in time. `BOLERO_RANDOM_ITERATIONS` and `BOLERO_RANDOM_TEST_TIME_MS` set
//! other bounds, `BOLERO_RANDOM_SEED` repeats one input.

use bolero::check;
use std::time::Duration;
use virtengine_fuzz::{
    Target, Verdict, block, chain, config, endorsement, events, gossip, journal, json, keyring, msg, proof,
    recipe, rpc, sdl, text, tx,
};

/// Inputs of a target in a run.
const INPUTS: usize = 3_000;
/// Longest time of a target in a run.
const TIME: Duration = Duration::from_millis(1_500);

fn accepts_its_seeds(target: &Target) {
    assert!(!target.seeds.is_empty());
    for seed in &target.seeds {
        let verdict = target.check(seed);
        assert_eq!(verdict, Verdict::Accepted, "{}", seed.escape_ascii());
    }
}

macro_rules! targets {
    ($($name:ident: $target:expr;)*) => {
        $(#[test]
        fn $name() {
            let target = $target;
            accepts_its_seeds(&target);
            check!()
                .with_iterations(INPUTS)
                .with_test_time(TIME)
                .with_max_len(recipe::MAX_BYTES)
                .for_each(|bytes: &[u8]| {
                    // Either verdict is fine; the check asserts the properties.
                    target.check(&recipe::input(&target.seeds, bytes));
                });
        })*
    };
}

targets! {
    transactions: tx::transactions();
    messages: msg::messages();
    addresses: text::addresses();
    amounts: text::amounts();
    denoms: text::denoms();
    coins: text::coins();
    coin_lists: text::coin_lists();
    quantities: text::quantities();
    times: text::times();
    json_bodies: json::bodies();
    json_shown: json::shown();
    event_queries: events::queries();
    event_filters: events::filters();
    gossip_batches: gossip::batches();
    blocks: block::blocks();
    endorsements: endorsement::sums();
    proofs: proof::proofs();
    genesis_files: chain::genesis();
    table_rows: chain::rows();
    node_settings: config::node();
    provider_settings: config::provider();
    provider_journals: journal::files();
    keyring_envelopes: keyring::envelopes();
    sdl_files: sdl::files();
    json_rpc_calls: rpc::calls();
    json_rpc_addresses: rpc::addresses();
}
