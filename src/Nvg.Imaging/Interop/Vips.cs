using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
[assembly: DisableRuntimeMarshalling]

namespace Nvg.Imaging.Interop;

/// <summary>
/// The part of libvips' C interface in use. Its convenience functions (<c>vips_thumbnail</c> and the like) are
/// variadic, which .NET cannot call; operations are therefore made by name and given their arguments as properties,
/// the way every language binding of libvips does it.
/// </summary>
internal static unsafe partial class Vips
{
    /// <summary>The names under which the loader knows the libraries; libvips itself brings the other two.</summary>
    internal const string Library = "libvips.so.42";
    private const string GObject = "libgobject-2.0.so.0";
    private const string GLib = "libglib-2.0.so.0";

    [LibraryImport(Library, EntryPoint = "vips_init", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Init(string name);

    [LibraryImport(Library, EntryPoint = "vips_version")]
    internal static partial int Version(int part);

    [LibraryImport(Library, EntryPoint = "vips_concurrency_set")]
    internal static partial void SetConcurrency(int threads);

    [LibraryImport(Library, EntryPoint = "vips_cache_set_max")]
    internal static partial void SetCacheSize(int operations);

    [LibraryImport(Library, EntryPoint = "vips_block_untrusted_set")]
    internal static partial void BlockUntrusted(int block);

    /// <summary>A copy of the error text, which is cleared; free it with <see cref="Free"/>.</summary>
    [LibraryImport(Library, EntryPoint = "vips_error_buffer_copy")]
    internal static partial byte* TakeErrors();

    [LibraryImport(Library, EntryPoint = "vips_error_clear")]
    internal static partial void ClearErrors();

    /// <summary>The name of the loader for these bytes (static text), or null.</summary>
    [LibraryImport(Library, EntryPoint = "vips_foreign_find_load_buffer")]
    internal static partial byte* FindLoader(byte* bytes, nuint length);

    [LibraryImport(Library, EntryPoint = "vips_operation_new", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial VipsOperation NewOperation(string name);

    [LibraryImport(Library, EntryPoint = "vips_object_set_argument_from_string", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetArgument(VipsOperation operation, string name, string value);

    /// <summary>Unlike <c>vips_cache_operation_build</c> this never looks into the operation cache.</summary>
    [LibraryImport(Library, EntryPoint = "vips_object_build")]
    internal static partial int Build(VipsOperation operation);

    [LibraryImport(Library, EntryPoint = "vips_object_unref_outputs")]
    internal static partial void UnrefOutputs(nint operation);

    [LibraryImport(Library, EntryPoint = "vips_image_get_type")]
    internal static partial nuint ImageType();

    [LibraryImport(Library, EntryPoint = "vips_blob_get_type")]
    internal static partial nuint BlobType();

    /// <summary>A new blob over memory that stays the caller's when <paramref name="free"/> is zero.</summary>
    [LibraryImport(Library, EntryPoint = "vips_blob_new")]
    internal static partial nint NewBlob(nint free, byte* bytes, nuint length);

    /// <summary>The bytes of a blob, borrowed.</summary>
    [LibraryImport(Library, EntryPoint = "vips_blob_get")]
    internal static partial byte* BlobBytes(nint blob, out nuint length);

    [LibraryImport(Library, EntryPoint = "vips_area_unref")]
    internal static partial void UnrefBlob(nint blob);

    /// <summary>A new image over borrowed memory.</summary>
    [LibraryImport(Library, EntryPoint = "vips_image_new_from_memory")]
    internal static partial VipsImage ImageFromMemory(byte* bytes, nuint length, int width, int height, int bands, int format);

    /// <summary>Computes every pixel; free the result with <see cref="Free"/>.</summary>
    [LibraryImport(Library, EntryPoint = "vips_image_write_to_memory")]
    internal static partial byte* ImageToMemory(VipsImage image, out nuint length);

    [LibraryImport(Library, EntryPoint = "vips_image_get_width")]
    internal static partial int ImageWidth(VipsImage image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_height")]
    internal static partial int ImageHeight(VipsImage image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_bands")]
    internal static partial int ImageBands(VipsImage image);

    /// <summary>1 to 8; 1 where the file says nothing or something illegal.</summary>
    [LibraryImport(Library, EntryPoint = "vips_image_get_orientation")]
    internal static partial int ImageOrientation(VipsImage image);

    [LibraryImport(Library, EntryPoint = "vips_image_set_int", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetImageInt(VipsImage image, string name, int value);

    [LibraryImport(Library, EntryPoint = "vips_image_set_array_int", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetImageInts(VipsImage image, string name, int* values, int count);

    [LibraryImport(GObject, EntryPoint = "g_object_unref")]
    internal static partial void Unref(nint instance);

    [LibraryImport(GObject, EntryPoint = "g_object_ref")]
    internal static partial nint Ref(nint instance);

    [LibraryImport(GObject, EntryPoint = "g_object_set_property", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetProperty(VipsOperation operation, string name, GValue* value);

    [LibraryImport(GObject, EntryPoint = "g_object_get_property", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void GetProperty(VipsOperation operation, string name, GValue* value);

    [LibraryImport(GObject, EntryPoint = "g_value_init")]
    internal static partial GValue* InitValue(GValue* value, nuint type);

    [LibraryImport(GObject, EntryPoint = "g_value_unset")]
    internal static partial void UnsetValue(GValue* value);

    [LibraryImport(GObject, EntryPoint = "g_value_set_object")]
    internal static partial void SetValueObject(GValue* value, VipsImage image);

    [LibraryImport(GObject, EntryPoint = "g_value_get_object")]
    internal static partial nint GetValueObject(GValue* value);

    [LibraryImport(GObject, EntryPoint = "g_value_set_boxed")]
    internal static partial void SetValueBoxed(GValue* value, nint boxed);

    [LibraryImport(GObject, EntryPoint = "g_value_get_boxed")]
    internal static partial nint GetValueBoxed(GValue* value);

    [LibraryImport(GLib, EntryPoint = "g_free")]
    internal static partial void Free(void* memory);

    [LibraryImport(GLib, EntryPoint = "g_log_set_handler", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint SetLogHandler(
        string domain, int levels, delegate* unmanaged[Cdecl]<byte*, int, byte*, nint, void> handler, nint data);
}
