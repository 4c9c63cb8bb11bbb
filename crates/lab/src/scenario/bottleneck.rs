//! What bounded a load.

use super::{Options, measure::Measured};

impl Measured {
    /// What was busiest: the generator if it was late, else of the signature checks, the cores, the disk and the
    /// nodes' stages the one that was in use for most of the time. `share` is what the machine could check of
    /// signatures for each node. None if nothing is known of the nodes.
    pub(super) fn bound_by(&self, options: &Options, share: f64) -> Option<String> {
        if self.generator_was_limit(options) {
            return Some("generator".to_owned());
        }
        let stage = self.breakdown.busiest().map(|stage| (stage.stage.clone(), stage.busy.min(1.0)));
        let signatures = (share > 0.0).then(|| self.committed_tps() / share);
        let parts = [
            signatures.map(|part| ("signature checks".to_owned(), part)),
            self.cores_busy().map(|part| ("cores".to_owned(), part)),
            self.disk_busy.map(|part| ("disk".to_owned(), part)),
            stage.clone(),
        ];
        let (name, part) = parts.into_iter().flatten().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let said = busy(&name, part);
        // That all cores are in use does not say for what.
        Some(match stage {
            Some((stage, part)) if name == "cores" => {
                format!("{said}, most of all for {}", busy(&stage, part))
            }
            _ => said,
        })
    }

    /// Part of the machine's cores that the nodes and the generator used, if the lab started the nodes.
    pub(super) fn cores_busy(&self) -> Option<f64> {
        let cores =
            std::thread::available_parallelism().ok().filter(|_| !self.nodes.is_empty())?.get() as f64;
        let elapsed = self.outcome.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let nodes = self.nodes.iter().map(|node| node.cpu_seconds).sum::<f64>() / elapsed;
        Some(((nodes + self.outcome.cpu_share.max(0.0)) / cores).clamp(0.0, 1.0))
    }
}

fn busy(name: &str, part: f64) -> String {
    format!("{name} ({:.0} % busy)", part * 100.0)
}
