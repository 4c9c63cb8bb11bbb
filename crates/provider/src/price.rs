//! The price of an order: integer arithmetic in millionths of a uve.

use crate::{allocation::Allocation, config::Rates, decimal::MICRO};
use virtengine_types::Amount;

/// Thousandths in a core.
const MILLI: u128 = 1_000;
/// Bytes in a GiB.
const GIB: u128 = 1 << 30;
/// Hundredths of a percent in the whole.
const WHOLE_BPS: u128 = 10_000;

/// uve per block for `allocation`: each resource at its rate, then the margin, then whole uve, each
/// rounded up, and at least the minimum. `None` if a resource has no rate or the price has no place in
/// 128 bits.
///
/// More of any resource never costs less.
#[must_use]
pub fn price(allocation: &Allocation, rates: &Rates) -> Option<Amount> {
    let cpu = share(allocation.cpu_milli, rates.cpu.0, MILLI)?;
    let mut sum = cpu.checked_add(share(allocation.memory_bytes, rates.memory_gib.0, GIB)?)?;
    for (class, bytes) in &allocation.storage_bytes {
        sum = sum.checked_add(share(*bytes, rates.storage_gib.get(class)?.0, GIB)?)?;
    }
    for (card, count) in &allocation.gpus {
        sum = sum.checked_add(share(*count, rates.gpu.get(&card.model)?.0, 1)?)?;
    }
    sum = sum.checked_add(share(allocation.leased_ips, rates.leased_ip.0, 1)?)?;
    sum = sum.checked_add(share(allocation.endpoints, rates.endpoint.0, 1)?)?;
    let margin = sum.checked_mul(u128::from(rates.margin_bps))?.div_ceil(WHOLE_BPS);
    let total = sum.checked_add(margin)?.max(rates.minimum.0);
    // The chain refuses a price of nothing.
    Some(Amount(total.div_ceil(MICRO).max(1)))
}

/// `amount x rate / unit`, rounded up to a millionth.
fn share(amount: u64, rate: u128, unit: u128) -> Option<u128> {
    u128::from(amount).checked_mul(rate).map(|product| product.div_ceil(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{allocation::GpuModel, config::tests::example, decimal::MicroUve};
    use proptest::prelude::*;

    fn card() -> GpuModel {
        GpuModel { vendor: "nvidia".into(), model: "a100".into() }
    }

    fn allocation(cpu: u64, memory: u64, disk: u64, cards: u64, ips: u64) -> Allocation {
        Allocation {
            cpu_milli: cpu,
            memory_bytes: memory,
            storage_bytes: [("ssd".to_owned(), disk)].into(),
            gpus: [(card(), cards)].into(),
            leased_ips: ips,
            endpoints: 1,
        }
    }

    #[test]
    fn prices_follow_the_rate_card() {
        let rates = example().rates;
        let gib = 1 << 30;
        // (2 cores 3 + 4 GiB 1 + 100 GiB ssd 0.4 + 1 card 400 + 1 address 2) and 5 % more: 426.72
        assert_eq!(price(&allocation(2_000, 4 * gib, 100 * gib, 1, 1), &rates), Some(Amount(427)));
        // 0.1 of a core at 1.5 and 5 % more is under the minimum of 1.
        assert_eq!(price(&allocation(100, 0, 0, 0, 0), &rates), Some(Amount(1)));
        // 10 cores at 1.5 and 5 % more: 15.75
        assert_eq!(price(&allocation(10_000, 0, 0, 0, 0), &rates), Some(Amount(16)));
        // One byte costs one millionth, which is one uve more than 21 whole ones.
        let rates = Rates { margin_bps: 0, ..rates };
        assert_eq!(price(&allocation(14_000, 0, 0, 0, 0), &rates), Some(Amount(21)));
        assert_eq!(price(&allocation(14_000, 1, 0, 0, 0), &rates), Some(Amount(22)));
    }

    #[test]
    fn what_has_no_rate_or_no_bound_has_no_price() {
        let mut rates = example().rates;
        rates.gpu.clear();
        assert_eq!(price(&allocation(1, 1, 1, 1, 0), &rates), None);
        let rates = Rates { cpu: MicroUve(u128::MAX), ..example().rates };
        assert_eq!(price(&allocation(2, 0, 0, 0, 0), &rates), None);
    }

    proptest! {
        #[test]
        fn more_of_anything_never_costs_less(
            base in prop::array::uniform5(0_u64..1 << 50),
            more in prop::array::uniform5(0_u64..1 << 50),
            margin_bps in 0_u32..=100_000,
        ) {
            let rates = Rates { margin_bps, ..example().rates };
            let of = |[cpu, memory, disk, cards, ips]: [u64; 5]| price(&allocation(cpu, memory, disk, cards, ips), &rates).unwrap();
            let larger: [u64; 5] = std::array::from_fn(|at| base[at] + more[at]);
            prop_assert!(of(larger) >= of(base));
            prop_assert!(of(base) >= Amount(1));
        }
    }
}
