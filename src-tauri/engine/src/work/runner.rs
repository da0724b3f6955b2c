//! One job, from its first step to its end.

use crate::fault::Refusal;
use crate::work::dispatch::{Order, Shared};
use crate::{JobEvent, JobId, JobSecrets, Outcome, Recipe, Target};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// One cloud account as the jobs of this process share it.
#[derive(Debug)]
pub(crate) struct CloudDesk;

/// Everything that speaks against a job, before anything is touched.
pub(crate) async fn check(
    shared: &Arc<Shared>,
    recipe: Recipe,
    target: Target,
    secrets: JobSecrets,
) -> Result<Order, Refusal> {
    let cloud = shared.cloud(&recipe.cloud).await?;
    Ok(Order { recipe, target, secrets, cloud })
}

pub(crate) async fn run(shared: Arc<Shared>, job: JobId, order: Order, cancel: CancellationToken) {
    let _ = (order, cancel);
    let _ = shared.append(job, vec![JobEvent::Finished { outcome: Outcome::Skipped, fault: None }]).await;
}
