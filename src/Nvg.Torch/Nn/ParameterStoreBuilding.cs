namespace Nvg.Torch.Nn;

/// <summary>Builds the layers of a model over the store that owns their parameters.</summary>
internal static class ParameterStoreBuilding
{
    /// <summary>Builds layers below the root of a store. If that fails, the store and every tensor already in it are disposed.</summary>
    /// <param name="parameters">Receives and owns the parameters.</param>
    /// <param name="source">Random or stored values.</param>
    /// <param name="build">Creates the layers from the root path.</param>
    internal static T Build<T>(this ParameterStore parameters, ParameterSource source, Func<ParameterPath, T> build)
    {
        try
        {
            return build(new ParameterPath(parameters, source));
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }
}
