//! Files of tenants.

use crate::{Target, Verdict, memory::bounded};
use virtengine_client::sdl::{DenomMap, ForeignAuditors, Manifest, OrderTerms, Sdl};
use virtengine_types::market::{OrderSpec, Selection};

/// SDL files, with what becomes of them: groups, manifests and orders.
#[must_use]
pub fn files() -> Target {
    let seeds = [
        include_str!("../../../examples/web.yml"),
        include_str!("../../../examples/gpu.yml"),
        include_str!("../../../examples/leased-ip.yml"),
        include_str!("../../../examples/two-regions.yml"),
        include_str!("../../../examples/wordpress.yml"),
    ];
    let seeds = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let denoms: DenomMap = "uact=uve".parse().expect("it is a mapping");
    let terms = OrderTerms {
        bid_window: 5,
        selection: Selection::Auto,
        minimum_identity_tier: 0,
        manifest_hash: Some([1; 32]),
    };
    Target::new(seeds, move |input| {
        // The tree of YAML nodes, each with its place and path.
        let sdl = bounded(input, 2_048, || Sdl::from_bytes(input));
        match &sdl {
            Ok(sdl) => {
                sdl.validate().expect("what was read is valid");
                for manifest in sdl.manifests() {
                    let json = manifest.to_json().expect("a manifest is JSON");
                    assert_eq!(serde_json::from_slice::<Manifest>(&json).ok().as_ref(), Some(&manifest));
                }
                for group in sdl.groups(&denoms, ForeignAuditors::Drop).unwrap_or_default() {
                    if let Ok(spec) = group.order_spec(&terms) {
                        assert_eq!(OrderSpec::from_wire(Some(&spec.to_wire())), Ok(spec));
                    }
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        Verdict::of(&sdl)
    })
}
