//! The settings of budgets.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the node may use before it raises an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// Memory that holds data of the process, in bytes. Default 4,000,000,000.
    pub heap_bytes: u64,
    /// Pending transactions, rows of lists, blocks in memory and subscriptions together. Default 10,000,000.
    pub objects: u64,
    /// Tasks of the runtime. Default 100,000.
    pub tasks: u64,
}

/// Why budgets are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BudgetError {
    /// A budget that every node exceeds.
    #[error("{setting} must be above 0, got 0")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { heap_bytes: 4_000_000_000, objects: 10_000_000, tasks: 100_000 }
    }
}

impl BudgetConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// - `Zero` - one of them is 0
    pub fn validate(&self) -> Result<(), BudgetError> {
        let all = [("heap_bytes", self.heap_bytes), ("objects", self.objects), ("tasks", self.tasks)];
        match all.into_iter().find(|(_, value)| *value == 0) {
            Some((setting, _)) => Err(BudgetError::Zero { setting }),
            None => Ok(()),
        }
    }
}
