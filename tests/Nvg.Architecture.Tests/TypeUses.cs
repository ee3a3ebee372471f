using System.Reflection;
using System.Reflection.Emit;

namespace Nvg.Architecture.Tests;

/// <summary>
/// The types that a type uses: in its base type, interfaces, attributes, fields, signatures and method bodies. Constants and
/// <c>nameof</c> leave no trace in compiled code and are not seen.
/// </summary>
internal static class TypeUses
{
    private const BindingFlags Everything =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (int)(ushort)code.Value);

    /// <summary>All types that a type uses, without element types and generic arguments wrapped around them.</summary>
    internal static IReadOnlySet<Type> Of(Type type)
    {
        var found = new HashSet<Type>();
        Add(found, type.BaseType);
        AddAll(found, type.GetInterfaces());
        AddAttributes(found, type);
        if (type.IsGenericTypeDefinition)
            AddAll(found, type.GetGenericArguments().SelectMany(parameter => parameter.GetGenericParameterConstraints()));
        foreach (MemberInfo member in type.GetMembers(Everything))
        {
            AddAttributes(found, member);
            AddMember(found, member);
            if (member is MethodBase method)
                AddBody(found, method);
        }

        return found;
    }

    private static void AddMember(HashSet<Type> found, MemberInfo? member)
    {
        Add(found, member as Type ?? member?.DeclaringType);
        switch (member)
        {
            case FieldInfo field:
                Add(found, field.FieldType);
                break;
            case MethodBase method:
                AddAll(found, method.GetParameters().Select(parameter => parameter.ParameterType));
                Add(found, (method as MethodInfo)?.ReturnType);
                if (method.IsGenericMethod)
                    AddAll(found, method.GetGenericArguments());
                break;
            default:
                break;
        }
    }

    private static void AddBody(HashSet<Type> found, MethodBase method)
    {
        if (method.GetMethodBody() is not { } body)
            return;
        AddAll(found, body.LocalVariables.Select(local => local.LocalType));
        AddAll(found, body.ExceptionHandlingClauses
            .Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause).Select(clause => clause.CatchType));
        Type[]? typeArguments = method.DeclaringType is { IsGenericType: true } declaring ? declaring.GetGenericArguments() : null;
        Type[]? methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        foreach (int token in Tokens(body.GetILAsByteArray() ?? []))
            AddMember(found, method.Module.ResolveMember(token, typeArguments, methodArguments));
    }

    // The metadata tokens of types, fields and methods in a method body.
    private static IEnumerable<int> Tokens(byte[] code)
    {
        for (int at = 0; at < code.Length;)
        {
            int value = code[at++];
            if (value == 0xFE)
                value = 0xFE00 | code[at++];
            OperandType operand = OpCodesByValue[value].OperandType;
            if (operand is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
                yield return BitConverter.ToInt32(code, at);
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }

    private static void AddAttributes(HashSet<Type> found, MemberInfo member) =>
        AddAll(found, member.GetCustomAttributesData().Select(attribute => attribute.AttributeType));

    private static void AddAll(HashSet<Type> found, IEnumerable<Type?> types)
    {
        foreach (Type? type in types)
            Add(found, type);
    }

    private static void Add(HashSet<Type> found, Type? type)
    {
        if (type is null || type.IsGenericParameter)
            return;
        if (type.HasElementType)
        {
            Add(found, type.GetElementType());
            return;
        }

        if (type.IsConstructedGenericType)
        {
            AddAll(found, type.GetGenericArguments());
            type = type.GetGenericTypeDefinition();
        }

        if (found.Add(type))
            Add(found, type.DeclaringType);
    }
}
