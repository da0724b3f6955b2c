//! A unit that has a cloud device, named and described after its job: which fields there are, and what came of writing.
//!
//! Not here: the last step of a job, which does the same in passing (`steps.rs`).

use crate::fault::{Fault, FaultCode, Refusal, RefusalCode};
use crate::plan::patience;
use crate::record::UnitState;
use crate::work::dispatch::{Engine, Shared};
use crate::{Blame, CloudRef, JobEvent, JobId, Recipe, Retry, Step, UnitId};
use cloud::{Cloud, DeviceId, MetaField, OrgId};
use std::sync::Arc;

/// Fields that the cloud fills by itself: the name has its own call, the owner is who owns the device.
const FILLED_BY_THE_CLOUD: [&str; 2] = ["DeviceName", "DeviceOwner"];

/// What a person wants a cloud device to be called, and to say of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    pub name: Option<String>,
    /// Field and value.
    pub fields: Vec<(i32, String)>,
}

/// What came of a description.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DescribedAs {
    pub name: Option<String>,
    /// Names of the fields that were written.
    pub fields: Vec<String>,
    /// What the cloud did not take.
    pub faults: Vec<Fault>,
}

/// The cloud device of a unit, and the account that it was made with.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitDevice {
    pub cloud: CloudRef,
    pub org: OrgId,
    pub device: DeviceId,
    pub template: Option<String>,
    /// The newest job of the unit in this account; what is done to its device is written to it.
    pub job: JobId,
}

impl Engine {
    /// The cloud device of a unit, on the server of the newest job that gave it one.
    ///
    /// # Errors
    /// `refused.unknown_unit`, and `refused.unknown_device` for a unit without a cloud device.
    pub fn device_of(&self, unit: &UnitId) -> Result<UnitDevice, Refusal> {
        device_of(self.shared(), unit)
    }

    /// The metadata fields of a cloud device that a person may fill.
    ///
    /// # Errors
    /// A fault of the cloud.
    pub async fn fields(&self, of: &UnitDevice) -> Result<Vec<MetaField>, Fault> {
        fields(self.shared(), of).await
    }

    /// Names a cloud device and fills its fields. May be repeated without harm: the last word counts.
    ///
    /// # Errors
    /// A fault when nothing could be tried; what the cloud refused of it is in the answer.
    pub async fn describe(&self, of: &UnitDevice, wish: &Description) -> Result<DescribedAs, Fault> {
        describe(self.shared(), of, wish).await
    }
}

/// The newest job of the unit that has a recipe tells the account.
fn device_of(shared: &Shared, unit: &UnitId) -> Result<UnitDevice, Refusal> {
    let ledger = shared.ledger();
    let known =
        ledger.unit(unit).ok_or_else(|| Refusal::of(RefusalCode::UnknownUnit, &[("unit", &unit.0)]))?;
    let device = known.device.ok_or_else(|| Refusal::of(RefusalCode::UnknownDevice, &[("unit", &unit.0)]))?;
    let recipe_of = |job: &JobId| -> Option<(JobId, &Recipe)> {
        let recipe = ledger.job(*job)?.state.recipe.as_deref()?;
        (known.device_on(&recipe.cloud.server) == Some(device)).then_some((*job, recipe))
    };
    let (job, recipe) = newest(known, recipe_of)
        .ok_or_else(|| Refusal::of(RefusalCode::UnknownDevice, &[("unit", &unit.0)]))?;
    Ok(UnitDevice {
        cloud: recipe.cloud.clone(),
        org: recipe.org,
        device,
        template: known.template.clone(),
        job,
    })
}

fn newest<'a, T>(unit: &'a UnitState, of: impl FnMut(&'a JobId) -> Option<T>) -> Option<T> {
    unit.jobs.iter().rev().find_map(of)
}

fn failed(error: &cloud::CloudError) -> Fault {
    Fault::from_cloud(Step::Describe, error)
}

async fn cloud_of(shared: &Shared, of: &UnitDevice) -> Result<Arc<dyn Cloud>, Fault> {
    shared.cloud(&of.cloud).await.map_err(|refusal| {
        Fault::new(FaultCode::CloudSignIn, Step::Describe, Blame::Operator, Retry::AfterFix)
            .about("server", &of.cloud.server)
            .with_chain(&refusal)
    })
}

/// The fields of a unit's cloud device that a person may fill, with their types where the template tells them.
async fn fields(shared: &Shared, of: &UnitDevice) -> Result<Vec<MetaField>, Fault> {
    let cloud = cloud_of(shared, of).await?;
    let mut fields = cloud.device_meta(of.device).await.map_err(|error| failed(&error))?;
    // Types stand in the template. Without them everything is text, which is no reason to show nothing.
    let typed = tokio::time::timeout(patience::ASIDE, template_fields(&*cloud, of)).await.ok().flatten();
    for field in &mut fields {
        let Some(known) = typed.iter().flatten().find(|known| known.id == field.id) else { continue };
        field.kind = field.kind.take().or_else(|| known.kind.clone());
        field.hint = field.hint.take().or_else(|| known.hint.clone());
    }
    fields.retain(|field| field.kind.as_deref().is_none_or(|kind| !FILLED_BY_THE_CLOUD.contains(&kind)));
    Ok(fields)
}

async fn template_fields(cloud: &dyn Cloud, of: &UnitDevice) -> Option<Vec<MetaField>> {
    let text = of.template.as_deref()?;
    let templates = cloud.templates(of.org).await.ok()?;
    let template = templates.iter().find(|template| template.texts.iter().any(|known| known == text))?;
    cloud.meta_fields(template.id).await.ok()
}

/// Names and describes. What the cloud takes is written to the unit's newest job, also when some of it was refused.
async fn describe(shared: &Shared, of: &UnitDevice, wish: &Description) -> Result<DescribedAs, Fault> {
    let cloud = cloud_of(shared, of).await?;
    let mut came = DescribedAs::default();
    if let Some(name) = &wish.name {
        match cloud.rename(of.device, name).await {
            Ok(()) => came.name = Some(name.clone()),
            Err(error) => came.faults.push(failed(&error).about("name", name)),
        }
    }
    if !wish.fields.is_empty() {
        let known = cloud.device_meta(of.device).await.map_err(|error| failed(&error))?;
        for (id, value) in &wish.fields {
            let name =
                known.iter().find(|field| field.id == *id).map_or_else(|| id.to_string(), |f| f.name.clone());
            match cloud.write_meta(of.device, *id, value).await {
                Ok(()) => came.fields.push(name),
                Err(error) => came.faults.push(failed(&error).about("field", name)),
            }
        }
    }
    if came.name.is_some() || !came.fields.is_empty() {
        let described = JobEvent::Described { name: came.name.clone(), meta: came.fields.clone() };
        let written = shared.append(of.job, vec![described]).await;
        written.map_err(|error| Fault::from_journal(Step::Describe, &error))?;
    }
    Ok(came)
}
