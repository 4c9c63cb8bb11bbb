//! Asking a node that is not there yet.

use crate::ClientError;
use std::time::Duration;
use tokio::time::sleep;

/// Pause after the first failure, and the longest between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Asks until the node is available, as long as it takes, with pauses that double up to 5 s. `told` hears of
/// the first failure only. Dropping the future ends it.
///
/// # Errors
/// What asking again, unchanged, does not mend.
pub async fn until_available<T, F>(
    mut ask: impl FnMut() -> F,
    told: impl FnOnce(&ClientError),
) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut told = Some(told);
    let mut pause = PAUSES.0;
    loop {
        let error = match ask().await {
            Err(error) if error.is_transient() => error,
            answer => return answer,
        };
        match told.take() {
            Some(told) => told(&error),
            None => tracing::debug!(%error, "the node is still not available"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> ClientError {
        ClientError::Unreachable { url: "http://127.0.0.1:1".to_owned(), cause: "refused".to_owned() }
    }

    #[tokio::test]
    async fn a_node_is_asked_until_it_is_there_and_one_failure_is_told() {
        let (mut asked, mut told) = (0, 0);
        let ask = || {
            asked += 1;
            std::future::ready(if asked < 3 { Err(unreachable()) } else { Ok(asked) })
        };
        assert_eq!(until_available(ask, |_| told += 1).await.unwrap(), 3);
        assert_eq!(told, 1);
    }

    #[tokio::test]
    async fn a_refusal_is_an_answer() {
        let refused = || {
            let (url, message) = ("http://127.0.0.1:1".to_owned(), "invalid topic".to_owned());
            std::future::ready(Err::<(), _>(ClientError::Subscription { url, message }))
        };
        let error = until_available(refused, |error| panic!("{error}")).await.unwrap_err();
        assert!(matches!(error, ClientError::Subscription { .. }));
    }
}
