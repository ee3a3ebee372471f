using System.Runtime.InteropServices;

namespace Nvg.Imaging.Interop;

/// <summary>One operation of libvips: made by name, given its arguments, run once.</summary>
internal sealed unsafe class VipsOperation : SafeHandle
{
    public VipsOperation()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    internal static VipsOperation New(string name)
    {
        VipsOperation operation = Vips.NewOperation(name);
        return operation.IsInvalid ? throw new VipsException(name) : operation;
    }

    /// <summary>Sets a number, a flag, a list or an enumeration value by its text, as libvips' own command does.</summary>
    internal VipsOperation Set(string name, string value) =>
        Vips.SetArgument(this, name, value) == 0 ? this : throw new VipsException($"{name}={value}");

    internal VipsOperation Set(string name, int value) => Set(name, value.ToString());

    internal VipsOperation Set(string name, VipsImage image)
    {
        GValue value = default;
        Vips.InitValue(&value, Vips.ImageType());
        Vips.SetValueObject(&value, image);
        Vips.SetProperty(this, name, &value);
        Vips.UnsetValue(&value);
        return this;
    }

    /// <summary>Sets encoded bytes, which must stay where they are until the result has been computed.</summary>
    internal VipsOperation Set(string name, byte* bytes, int length)
    {
        nint blob = Vips.NewBlob(0, bytes, (nuint)length);
        GValue value = default;
        Vips.InitValue(&value, Vips.BlobType());
        Vips.SetValueBoxed(&value, blob);
        Vips.SetProperty(this, name, &value);
        Vips.UnsetValue(&value);
        Vips.UnrefBlob(blob);
        return this;
    }

    /// <summary>Runs the operation; its result image is new.</summary>
    internal VipsImage Run()
    {
        Build();
        GValue value = default;
        Vips.InitValue(&value, Vips.ImageType());
        Vips.GetProperty(this, "out", &value);
        var image = new VipsImage(Vips.Ref(Vips.GetValueObject(&value)));
        Vips.UnsetValue(&value);
        return image;
    }

    /// <summary>Runs an operation that encodes, and copies its bytes.</summary>
    internal byte[] RunToBytes()
    {
        Build();
        GValue value = default;
        Vips.InitValue(&value, Vips.BlobType());
        Vips.GetProperty(this, "buffer", &value);
        byte* bytes = Vips.BlobBytes(Vips.GetValueBoxed(&value), out nuint length);
        byte[] copy = new ReadOnlySpan<byte>(bytes, checked((int)length)).ToArray();
        Vips.UnsetValue(&value);
        return copy;
    }

    protected override bool ReleaseHandle()
    {
        // Outputs hold the operation and it holds them: without this the pair would never be freed.
        Vips.UnrefOutputs(handle);
        Vips.Unref(handle);
        return true;
    }

    private void Build()
    {
        if (Vips.Build(this) != 0)
            throw new VipsException("build");
    }
}
