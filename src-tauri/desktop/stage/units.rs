//! What may be asked about a unit that is known: its history, its name, and that it go back to its setup.

use super::{Stage, Trouble};
use api::desk::FactView;
use engine::{CloudRef, Fault, JobId, Refusal, RefusalCode, UnitId};

impl Stage {
    pub async fn history(&self, unit: String) -> Vec<FactView> {
        let engine = self.desk.engine().clone();
        let facts =
            tokio::task::spawn_blocking(move || engine.history(&UnitId(unit))).await.unwrap_or_default();
        facts.iter().map(FactView::new).collect()
    }

    pub async fn reconfigure(&self, unit: String) -> Result<Option<bool>, Trouble> {
        let state = self.unit(&unit)?;
        let (cloud, device) = self.cloud_device(&state)?;
        Ok(self.desk.engine().reconfigure(&cloud, device).await?)
    }

    pub async fn rename(&self, unit: String, name: String) -> Result<(), Trouble> {
        let state = self.unit(&unit)?;
        let (which, device) = self.cloud_device(&state)?;
        let cloud = self.clouds.cloud(&which).await?;
        cloud
            .rename(device, &name)
            .await
            .map_err(|error| Fault::from_cloud(engine::Step::Describe, &error))?;
        Ok(())
    }

    fn unit(&self, unit: &str) -> Result<engine::record::UnitState, Refusal> {
        let known = self.desk.engine().units().into_iter().find(|state| state.unit.0 == unit);
        known.ok_or_else(|| Refusal::of(RefusalCode::UnknownUnit, &[("unit", unit)]))
    }

    /// The cloud device of a unit, with the account that its last job used.
    fn cloud_device(&self, unit: &engine::record::UnitState) -> Result<(CloudRef, cloud::DeviceId), Refusal> {
        let last: Option<JobId> = unit.jobs.last().copied();
        let recipe = last.and_then(|job| self.desk.engine().job(job)).and_then(|job| job.recipe);
        match (unit.device, recipe) {
            (Some(device), Some(recipe)) => Ok((recipe.cloud, device)),
            _ => Err(Refusal::of(RefusalCode::UnknownDevice, &[("unit", &unit.unit.0)])),
        }
    }
}
