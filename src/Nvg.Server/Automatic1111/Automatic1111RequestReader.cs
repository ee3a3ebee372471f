using System.Text.Json;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.OpenAi;
using Nvg.Server.Requests;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Automatic1111;

/// <summary>
/// Translates requests of AUTOMATIC1111's API into jobs. Fields that this server does not use are ignored; wrong types are errors.
/// </summary>
internal sealed class Automatic1111RequestReader
{
    private const int MostImages = 16;
    private const double DefaultStrength = 0.75;
    private const string Originals = "init_images", Strength = "denoising_strength", Checkpoint = "sd_model_checkpoint",
        Overrides = "override_settings";

    private readonly ServedModels _models;
    private readonly PlanBuilder _plans;
    private readonly ReferenceReader _references;

    public Automatic1111RequestReader(ServedModels models, PlanBuilder plans, ReferenceReader references) =>
        (_models, _plans, _references) = (models, plans, references);

    /// <summary>Reads a request for new images.</summary>
    internal JobPlan ReadTextToImage(RequestContent content)
    {
        OpenAiFields fields = OpenAiFields.Read(content);
        ServedModel model = Model(fields);
        return _plans.Build(model, Body(fields, model), WithoutFiles(), null);
    }

    /// <summary>
    /// Reads a request to continue from an image: inside the mask if there is one, otherwise from the first stages of the image.
    /// </summary>
    internal JobPlan ReadImageToImage(RequestContent content)
    {
        OpenAiFields fields = OpenAiFields.Read(content);
        ServedModel model = Model(fields);
        Reference reference = _references.FromBytes(model, Base64Field.Read(Original(fields), Originals));
        JobBody body = Body(fields, model);
        body = fields.Text("mask") is { } mask
            ? body with { Mask = new MaskBody { Image = mask, Outside = fields.Number("inpainting_mask_invert", 0, 1) == 1 } }
            : body with { Keep = Keep(fields, model) };
        return _plans.Build(model, body, WithoutFiles(), reference);
    }

    /// <summary>Checks a change of server settings. Clients cannot change these settings, so only the default model is accepted.</summary>
    /// <exception cref="RequestException">Another model is requested.</exception>
    internal void CheckOptions(RequestContent content)
    {
        if (OpenAiFields.Read(content).Text(Checkpoint) is { Length: > 0 } name && _models.Find(name) != _models.Default)
        {
            throw RequestException.Field400(Checkpoint,
                $"the server's model cannot be changed (it is {_models.Default.Name}): "
                + $"name another one in '{Overrides}.{Checkpoint}' of a request");
        }
    }

    private static RequestContent WithoutFiles() => new(null, new Dictionary<string, string>(), []);

    private ServedModel Model(OpenAiFields fields)
    {
        if (fields.Any(Overrides) is not { ValueKind: JsonValueKind.Object } overrides
            || !overrides.TryGetProperty(Checkpoint, out JsonElement name))
            return _models.Default;
        return name.ValueKind != JsonValueKind.String
            ? throw RequestException.Field400(Overrides, $"'{Overrides}.{Checkpoint}' must be a string")
            : _models.Find(name.GetString()) ?? throw RequestException.Field400(Overrides, _models.Unknown(name.GetString()!));
    }

    private static JobBody Body(OpenAiFields fields, ServedModel model) => new()
    {
        Class = JsonSerializer.SerializeToElement(OpenAiRequestReader.ClassOf(fields.Text("prompt") ?? "", model)),
        Count = (fields.Number("batch_size", 1, MostImages) ?? 1) * (fields.Number("n_iter", 1, MostImages) ?? 1),
        Seed = Seed(fields.Any("seed")),
        Previews = true,
    };

    // −1 means any seed.
    private static JsonElement Seed(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long seed) && seed < 0 || value is null
            ? JsonSerializer.SerializeToElement(SeedField.Draw())
            : value.Value;

    private static string Original(OpenAiFields fields) =>
        fields.Any(Originals) is { ValueKind: JsonValueKind.Array } images && images.GetArrayLength() > 0
        && images[0].ValueKind == JsonValueKind.String
            ? images[0].GetString()!
            : throw RequestException.Field400(Originals, $"'{Originals}' must be an array of images in base64; the first one is used");

    // How far the image may differ from the original: at 1, nothing is kept; at 0, all stages but the last are kept.
    private static KeepBody Keep(OpenAiFields fields, ServedModel model)
    {
        double strength = fields.Any(Strength) is not { } value ? DefaultStrength
            : value.ValueKind == JsonValueKind.Number && value.GetDouble() is >= 0 and <= 1 ? value.GetDouble()
            : throw RequestException.Field400(Strength, $"'{Strength}' must be a number from 0 to 1");
        int stages = (int)Math.Round((1 - strength) * (model.StageCount - 1));
        return new KeepBody { Structure = stages, Content = JsonSerializer.SerializeToElement(stages) };
    }
}
